"""RulePolicy's search for a rule, looking only where a rule can be. Same predictions as stock (tested).

Stock works out a state for every action since the conversation began, twice per prediction (once with the
patient's words, once with the intent), and holds every rule against every state: 3 of the 11 ms that were
left of a message. A rule is a few states long and begins with a known action, so we work out that many states
once, and look at the rules that fit the last action.
"""

# ruff: noqa: SLF001 - see components.patches

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rasa.core.policies.rule_policy import RULES, RULES_FOR_LOOP_UNHAPPY_PATH, RulePolicy
from rasa.shared.core.constants import PREVIOUS_ACTION, USER
from rasa.shared.core.domain import Domain, State
from rasa.shared.core.events import ActionExecuted, Event
from rasa.shared.core.trackers import DialogueStateTracker, is_prev_action_listen_in_state
from rasa.shared.nlu.constants import ACTION_NAME, ENTITIES, INTENT, TEXT

Index = dict[Any, list[tuple[str, list[State]]]]

_stock_predict: Callable[..., Any] = RulePolicy._predict


def install() -> None:
    RulePolicy._predict = _predict
    RulePolicy._prediction_states = _prediction_states
    RulePolicy._get_possible_keys = _get_possible_keys


def _predict(self: RulePolicy, tracker: DialogueStateTracker, domain: Domain) -> Any:
    self._states_now = None  # shared by the two searches of one prediction
    try:
        return _stock_predict(self, tracker, domain)
    finally:
        self._states_now = None


def _prediction_states(
    self: RulePolicy,
    tracker: DialogueStateTracker,
    domain: Domain,
    use_text_for_last_user_input: bool = False,
    rule_only_data: dict[str, Any] | None = None,
) -> list[State]:
    states = getattr(self, "_states_now", None)
    if states is None:
        states = self._states_now = last_states(tracker, domain, _longest_rule(self))
    return _with_last_input(states, use_text_for_last_user_input)


def last_states(tracker: DialogueStateTracker, domain: Domain, count: int) -> list[State]:
    """The last `count` of tracker.past_states(domain), at least."""
    events = tracker.applied_events()
    first = _index_of_action(events, count - 1)
    past = tracker.init_copy()
    states: list[State] = []
    for index, event in enumerate(events):
        if index >= first and isinstance(event, ActionExecuted):
            states.append(domain.get_active_state(past))
        event.apply_to(past)
    states.append(domain.get_active_state(past))
    return states


def _index_of_action(events: list[Event], nth_from_end: int) -> int:
    left = nth_from_end
    for index in range(len(events) - 1, -1, -1):
        if isinstance(events[index], ActionExecuted):
            left -= 1
            if left == 0:
                return index
    return 0


def _with_last_input(states: list[State], use_text: bool) -> list[State]:
    """As TrackerFeaturizer._choose_last_user_input: words or intent in the last state, intents before."""
    chosen = [_drop(state, (TEXT,)) if state.get(USER, {}).get(INTENT) else state for state in states]
    if is_prev_action_listen_in_state(states[-1]) and USER in states[-1]:
        chosen[-1] = _drop(states[-1], (INTENT, ENTITIES) if use_text else (TEXT,))
    return chosen


def _drop(state: State, keys: Iterable[str]) -> State:
    user = {key: value for key, value in state[USER].items() if key not in keys}
    return {**state, USER: user}


def _longest_rule(self: RulePolicy) -> int:
    length: int | None = getattr(self, "_longest", None)
    if length is None:
        lookups = (self.lookup[RULES], self.lookup.get(RULES_FOR_LOOP_UNHAPPY_PATH, {}))
        rules = [self._rule_key_to_state(key) for lookup in lookups for key in lookup]
        length = self._longest = max((len(rule) for rule in rules), default=1) + 1
    return length


def _get_possible_keys(self: RulePolicy, lookup: dict[str, str], states: list[State]) -> set[str]:
    indexes: dict[int, Index] = self.__dict__.setdefault("_indexes", {})
    index = indexes.get(id(lookup))
    if index is None:
        index = indexes[id(lookup)] = _index(self, lookup)
    action = states[-1].get(PREVIOUS_ACTION, {}).get(ACTION_NAME)
    candidates = index.get(action, []) + (index.get(None, []) if action is not None else [])
    return {key for key, rule in candidates if _fits(self, rule, states)}


def _index(self: RulePolicy, lookup: dict[str, str]) -> Index:
    """Rules, their states reversed, by the action before the last state."""
    index: Index = {}
    for key in lookup:
        rule = self._rule_key_to_state(key)[::-1]
        index.setdefault(rule[0].get(PREVIOUS_ACTION, {}).get(ACTION_NAME), []).append((key, rule))
    return index


def _fits(self: RulePolicy, rule: list[State], states: list[State]) -> bool:
    """As RulePolicy._is_rule_applicable for every state from the last one back."""
    for theirs, ours in zip(rule, reversed(states), strict=False):
        had_action, expects_action = ours.get(PREVIOUS_ACTION), theirs.get(PREVIOUS_ACTION)
        if not had_action and not expects_action:
            continue  # both are the beginning of a conversation
        if not had_action or not expects_action or not self._does_rule_match_state(theirs, ours):
            return False
    return True
