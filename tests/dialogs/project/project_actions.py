"""The actions of the small assistant; run by rasa-sdk 3.21 as a server and by 3.6 inside the components' tests."""

import asyncio

from rasa_sdk import Action, FormValidationAction
from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.interfaces import ActionExecutionRejection


class ValidateBooking(FormValidationAction):
    def name(self):
        return "validate_booking_form"

    def validate_date(self, value, dispatcher, tracker, domain):
        return {"date": value}

    def validate_agreed(self, value, dispatcher, tracker, domain):
        return {"agreed": value or None}

    def validate_department(self, value, dispatcher, tracker, domain):
        if value == "closed":
            dispatcher.utter_message(text="这个科停诊")
            return {"department": None}
        return {"department": value}


class ValidateRegister(FormValidationAction):
    def name(self):
        return "validate_register_form"

    def validate_name(self, value, dispatcher, tracker, domain):
        return {"name": value}


class AskDepartment(Action):
    def name(self):
        return "action_ask_department"

    def run(self, dispatcher, tracker, domain):
        buttons = [
            {"title": name, "payload": f'/inform{{"department": "{name}"}}'} for name in ("心内科", "骨科")
        ]
        dispatcher.utter_message(text="哪个科？", buttons=buttons, json_message={"kind": "departments"})
        return []


class AskAgreed(Action):
    def name(self):
        return "action_ask_agreed"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text=f"{tracker.get_slot('department')} {tracker.get_slot('date')}，对吗？")
        return []


class Book(Action):
    def name(self):
        return "action_book"

    def run(self, dispatcher, tracker, domain):
        visits = tracker.get_slot("visits") + 1
        message_id = tracker.latest_message["metadata"]["message_id"]
        dispatcher.utter_message(text=f"第 {visits} 次挂号", json_message={"message_id": message_id})
        return [
            SlotSet("visits", visits),
            *(SlotSet(name, None) for name in ("department", "date", "agreed")),
        ]


class Registered(Action):
    def name(self):
        return "action_registered"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text="建好了")
        return [SlotSet("known", True), SlotSet("name", None)]


class Forget(Action):
    def name(self):
        return "action_forget"

    def run(self, dispatcher, tracker, domain):
        return [SlotSet(name, None) for name in ("department", "date", "agreed")]


class Hospital(Action):
    """A digression: answers, and goes back into the form that was open."""

    def name(self):
        return "action_hospital"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text="在人民路")
        form = (tracker.active_loop or {}).get("name")
        return [FollowupAction(form)] if form else []


class Quick(Action):
    """Leaves whatever form is open and starts another one."""

    def name(self):
        return "action_quick"

    def run(self, dispatcher, tracker, domain):
        return [ActiveLoop(None), SlotSet("requested_slot", None), FollowupAction("booking_form")]


class Crash(Action):
    def name(self):
        return "action_crash"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text="不该看到")
        raise RuntimeError("broken")


class Reject(Action):
    def name(self):
        return "action_reject"

    def run(self, dispatcher, tracker, domain):
        raise ActionExecutionRejection(self.name())


class Loop(Action):
    def name(self):
        return "action_loop"

    def run(self, dispatcher, tracker, domain):
        return [FollowupAction("action_loop")]


class Lost(Action):
    def name(self):
        return "action_lost"

    def run(self, dispatcher, tracker, domain):
        return [FollowupAction("action_that_is_not_there")]


class Slow(Action):
    """Long enough for two turns to meet."""

    def name(self):
        return "action_slow"

    async def run(self, dispatcher, tracker, domain):
        await asyncio.sleep(0.5)
        dispatcher.utter_message(text="总算好了")
        return [SlotSet("visits", tracker.get_slot("visits") + 1)]
