"""What the demo hospital's departments, titles and places are called in English. Doctors' names are their pinyin."""

from __future__ import annotations

# Department: its English name, and what patients say for it.
DEPARTMENTS: dict[str, tuple[str, str]] = {
    "心血管内科": (
        "Cardiology",
        "cardiologist, cardiac, cardio, heart, heart doctor, heart specialist, cardiovascular, blood pressure, "
        "hypertension",
    ),
    "呼吸与危重症医学科": (
        "Respiratory Medicine",
        "respiratory, pulmonology, pulmonologist, lung doctor, lungs, lung, pulmonary, asthma clinic, chest physician",
    ),
    "消化内科": (
        "Gastroenterology",
        "gastroenterologist, gastro, gi, stomach doctor, stomach, digestive, digestion, liver doctor",
    ),
    "神经内科": ("Neurology", "neurologist, neuro, nerve doctor, brain doctor, headache clinic"),
    "内分泌科": (
        "Endocrinology",
        "endocrinologist, endocrine, diabetes, thyroid, diabetes clinic, hormone doctor",
    ),
    "肾内科": ("Nephrology", "nephrologist, kidney, kidney doctor, kidneys, renal"),
    "骨科": (
        "Orthopedics",
        "orthopaedics, orthopedic, orthopaedic, orthopedist, ortho, bone doctor, bones, spine doctor, joint doctor",
    ),
    "普通外科": ("General Surgery", "surgery, surgeon, general surgeon, surgical"),
    "泌尿外科": ("Urology", "urologist, urological, prostate"),
    "妇科": (
        "Gynecology",
        "gynaecology, gynecologist, gynaecologist, gyn, gyno, womens doctor, women's clinic",
    ),
    "产科": (
        "Obstetrics",
        "obstetrician, prenatal, antenatal, prenatal care, maternity, pregnancy clinic, obgyn, ob-gyn, ob/gyn, ob gyn",
    ),
    "儿科": (
        "Pediatrics",
        "paediatrics, pediatrician, paediatrician, pediatric, paediatric, children's doctor, childrens doctor, "
        "kids doctor, "
        "baby doctor, child doctor",
    ),
    "皮肤科": (
        "Dermatology",
        "dermatologist, derma, skin, skin doctor, skin clinic, eczema clinic, acne clinic",
    ),
    "眼科": ("Ophthalmology", "ophthalmologist, eye, eyes, eye doctor, eye clinic, optometry"),
    "耳鼻咽喉科": (
        "Ear, Nose and Throat",
        "ent, otolaryngology, otolaryngologist, ear nose throat, ear nose and throat, ear doctor, nose doctor, "
        "throat doctor",
    ),
    "口腔科": ("Dentistry", "dentist, dental, teeth, tooth, dental clinic, orthodontist, stomatology"),
    "中医科": (
        "Traditional Chinese Medicine",
        "tcm, chinese medicine, acupuncture, acupuncturist, herbal medicine, traditional medicine",
    ),
    "精神心理科": (
        "Psychiatry and Psychology",
        "psychiatry, psychology, psychiatrist, psychologist, mental health, counseling, counselling, therapist, "
        "sleep clinic",
    ),
    "肿瘤科": ("Oncology", "oncologist, cancer, cancer doctor, tumor, tumour, chemotherapy"),
    "康复医学科": (
        "Rehabilitation",
        "rehab, physiotherapy, physiotherapist, physical therapy, physical therapist, rehabilitation medicine",
    ),
    "全科医学科": (
        "General Practice",
        "gp, general practitioner, family doctor, family medicine, general medicine, general doctor, primary care",
    ),
    "便民门诊": ("Refill Clinic", "refill, prescription refill, repeat prescription, refills"),
    "急诊科": ("Emergency Department", "emergency room, a&e, er, accident and emergency"),
    "发热门诊": ("Fever Clinic", "fever outpatient"),
    "男科": ("Andrology", "andrologist, men's health, mens health, mens clinic, men's clinic"),
}

TERMS: dict[str, str] = {
    "主任医师": "Chief Physician",
    "副主任医师": "Associate Chief Physician",
    "主治医师": "Attending Physician",
    "住院医师": "Resident Physician",
    "本部院区": "Main Campus",
    "东院区": "East Campus",
    "门诊楼": "Outpatient Building",
    "东门诊楼": "East Outpatient Building",
    "妇儿楼": "Women and Children Building",
    "国医馆": "Chinese Medicine Hall",
    "康复楼": "Rehabilitation Building",
    "急诊楼": "Emergency Building",
    "感染楼": "Infectious Diseases Building",
}
