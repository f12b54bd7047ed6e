"""What the demo hospital's pharmacy has. Prices and stock are invented."""

from __future__ import annotations

from collections.abc import Mapping

_COLUMNS = ("code", "name", "name_en", "form", "kind", "strength", "unit", "price_fen", "stock", "cold_chain")
_SUGAR, _COMMON = "glucose_lowering", "common"

_ROWS = (
    ("AML5", "苯磺酸氨氯地平片", "Amlodipine", "tablet", _COMMON, "5mg×28片", "盒", 3260, 200, False),
    ("NIF30", "硝苯地平控释片", "Nifedipine", "tablet", _COMMON, "30mg×7片", "盒", 2870, 0, False),
    ("MET500", "盐酸二甲双胍片", "Metformin", "tablet", _SUGAR, "0.5g×20片", "盒", 1180, 300, False),
    ("ATO20", "阿托伐他汀钙片", "Atorvastatin", "tablet", _COMMON, "20mg×7片", "盒", 2650, 150, False),
    ("AMX250", "阿莫西林胶囊", "Amoxicillin", "capsule", _COMMON, "0.25g×24粒", "盒", 1560, 120, False),
    ("LOR10", "氯雷他定片", "Loratadine", "tablet", _COMMON, "10mg×12片", "盒", 1940, 80, False),
    ("IBU20", "布洛芬混悬液", "Ibuprofen suspension", "liquid", _COMMON, "100ml:2g", "瓶", 2230, 60, False),
    (
        "BUD100",
        "布地奈德吸入气雾剂",
        "Budesonide inhaler",
        "inhaler",
        _COMMON,
        "200揿",
        "支",
        4680,
        40,
        False,
    ),
    (
        "GLA300",
        "甘精胰岛素注射液",
        "Insulin glargine",
        "injection",
        _SUGAR,
        "3ml:300单位",
        "支",
        13200,
        30,
        True,
    ),
    ("CEF1", "注射用头孢曲松钠", "Ceftriaxone", "injection", _COMMON, "1.0g", "支", 1800, 100, False),
    ("DZP25", "地西泮片", "Diazepam", "tablet", "psychotropic", "2.5mg×20片", "盒", 900, 20, False),
)

MEDICINES: tuple[Mapping[str, object], ...] = tuple(dict(zip(_COLUMNS, row, strict=True)) for row in _ROWS)
