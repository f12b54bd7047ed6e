"""What the hospital has of me here, who acts for me, and a newcomer who can be cut off."""

from __future__ import annotations

from uuid import UUID

from actions.revealing import account_of
from actions.turn import Reply, Turn
from integrations.hospital import agreements, linking, patients


async def answer_profile(turn: Turn, reply: Reply) -> None:
    """The patient's own data, masked, whom this account acts for, and what can be changed."""
    async with turn.runtime.database.begin() as session:
        account = await account_of(session, turn)
        found = await patients.profile(session, turn.runtime.crypto, account)
        people = await patients.acting_for(session, account)
        others = await agreements.of_patient(session, found.patient.id) if found else []
    texts = turn.words.texts
    if found:
        status = texts.text(f"word_status_{found.patient.status}")
        reply.say(
            "say_profile",
            name=found.patient.name,
            document=texts.text(f"word_document_{found.patient.document}"),
            id_number=found.id_number,
            phone=found.phone,
            status=status,
        )
    else:
        reply.say("say_profile_none")
    if len(people) > (1 if found else 0):
        reply.say("say_profile_people", people=turn.words.all_of(one.name for one in people))
    if others:
        reply.say("say_profile_agreements", people=turn.words.all_of(one.owner for one in others))
    if found:
        reply.offer(texts.text("word_change_phone"), '/change_profile{"field": "phone"}')
        reply.offer(texts.text("intent_my_family"), "/my_family")
    for one in others:
        reply.offer(
            texts.text("word_end_agreement", name=one.owner), f'/unbind{{"link": "{one.account_id}"}}'
        )
    if people:
        reply.offer(texts.text("word_unbind"), "/unbind")
        reply.offer(texts.text("word_withdraw"), "/withdraw_consent")


async def answer_link_added(turn: Turn, reply: Reply) -> None:
    """To an earlier holder: somebody else came to the same patient. Nothing when that is over already."""
    async with turn.runtime.database.begin() as session:
        link = await linking.view_link(session, UUID(turn.facts.link), turn.contact_id)
    if link is None or not link.standing:
        return
    channel = turn.words.texts.text(f"word_channel_{link.channel}")
    if not link.may_cut:
        phone = turn.runtime.settings.hospital_phone
        reply.say("say_link_added_relative", channel=channel, name=link.patient, phone=phone)
        return
    reply.say("say_link_added", channel=channel, name=link.patient)
    reply.offer(turn.words.texts.text("word_cut"), f'/cut_link{{"link": "{link.id}"}}')


async def answer_cut_link(turn: Turn, reply: Reply) -> None:
    """ "断开": takes the newest newcomer's link away, or the one whose button was pressed."""
    phone = turn.runtime.settings.hospital_phone
    try:
        async with turn.runtime.database.begin() as session:
            link = await linking.cut_link(
                session,
                contact_id=turn.contact_id,
                link_id=UUID(turn.facts.link) if turn.facts.link else None,
                key=turn.key("cut link"),
                now=turn.now,
            )
    except linking.NothingToCut:
        reply.say("say_link_nothing_to_cut", phone=phone)
        return
    channel = turn.words.texts.text(f"word_channel_{link.channel}")
    reply.say("say_link_cut", channel=channel, name=link.patient, phone=phone)
