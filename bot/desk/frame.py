"""The frame around every page: navigation with what waits, the title, who is logged in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from nicegui import ui

from bot.desk import theme
from bot.desk.desk import Desk
from bot.desk.parts import Written, named, shortcuts
from bot.desk.presence import Presence, is_given_talks
from bot.desk.registry import GROUPS, PAGES, Page
from bot.desk.words import LANGUAGES
from integrations.hospital.models import StaffMember
from integrations.hospital.staff import accounts, login

_ACTIVE = "staff-active"
# The person does something in the page: that keeps the session, and is told once in a minute. On a phone the
# navigation is a line longer than the screen.
_WATCHING = f"""
(() => {{ let last = 0; const told = () => {{ const now = Date.now();
  if (now - last > 60000) {{ last = now; emitEvent('{_ACTIVE}'); }} }};
  for (const one of ['pointerdown', 'keydown', 'wheel', 'touchstart'])
    document.addEventListener(one, told, {{passive: true, capture: true}});
  document.querySelector('.desk-link.here')?.scrollIntoView({{block: 'nearest', inline: 'center'}}); }})()
"""
# What came is heard once in a browser, in whichever page. A browser that lets no page sound before somebody touched it
# sounds at the first touch.
_RINGING = """
window.deskRing ??= (() => {
  const URGENT = [[0, 880], [0.22, 660], [0.44, 880], [0.66, 660]], CALM = [[0, 660], [0.12, 880]];
  let audio = null, due = null;
  const sound = (tones) => {
    for (const [after, high] of tones) {
      const tone = audio.createOscillator(), loud = audio.createGain(), at = audio.currentTime + after;
      tone.frequency.value = high;
      loud.gain.setValueAtTime(0.12, at);
      loud.gain.exponentialRampToValueAtTime(0.0001, at + 0.2);
      tone.connect(loud).connect(audio.destination);
      tone.start(at);
      tone.stop(at + 0.2);
    }
  };
  const ring = (tones) => {
    audio ??= new AudioContext();
    if (audio.state === 'running') { due = null; sound(tones); }
    else { due = due === URGENT ? due : tones; audio.resume().then(() => { if (due) ring(due); }); }
  };
  for (const one of ['pointerdown', 'keydown'])
    document.addEventListener(one, () => { if (due) ring(due); }, {passive: true, capture: true});
  return (news) => {
    const kept = 'desk-rung' + news.path + ':' + news.who;
    try {
      const rung = JSON.parse(localStorage.getItem(kept) || '{}');
      if (Object.entries(news.newest).every(([one, at]) => at <= (rung[one] || 0))) return;
      localStorage.setItem(kept, JSON.stringify(news.newest));
    } catch (error) { console.debug('it rings in each page', error); }
    const here = location.pathname === news.path, urgent = news.urgent;
    if (here && !urgent) return;  // that page sounds for itself
    ring(urgent ? URGENT : CALM);
    const open = () => { location.href = news.path; };
    if (!here) {
      const color = urgent ? 'on-bad' : 'on-brand';
      Quasar.Notify.create({message: news.words, position: 'top', timeout: 30000,
                            color: urgent ? 'negative' : 'primary', icon: urgent ? 'emergency' : 'forum',
                            actions: [{label: news.open, noCaps: true, color, handler: open},
                                      {icon: 'close', round: true, color, 'aria-label': news.shut}]});
    }
    if (document.hidden && window.Notification && Notification.permission === 'granted')
      new Notification(news.words, {tag: kept}).onclick = () => { window.focus(); open(); };
  };
})();
"""
_rung: WeakKeyDictionary[Desk, dict[str, Mapping[str, float]]] = WeakKeyDictionary()
_badges: WeakKeyDictionary[Desk, dict[str, ui.label]] = WeakKeyDictionary()


def listed(member: StaffMember) -> list[Page]:
    """What the navigation shows this member, group by group."""
    own = [page for page in PAGES.values() if page.listed and page.is_for(member)]
    return sorted(own, key=lambda page: GROUPS.index(page.group))


@contextmanager
def around(desk: Desk, page: Page) -> Iterator[None]:
    """What is made inside stands in the page's place."""
    words = desk.words
    ui.add_head_html('<link rel="stylesheet" href="/static/desk.css">')
    theme.apply(theme.chosen(desk.client.request.cookies))
    ui.colors(
        primary="#0f6e84", secondary="#44606b", accent="#a35c00", positive="#1f7a4d", negative="#b3261e",
        dark="#172328", dark_page="#10191d",
    )  # fmt: skip
    ui.page_title(f"{words(page.title)} · {desk.rt.settings.hospital_name_in(desk.language)}")
    with ui.element("div").classes("desk"):
        _rail(desk, page)
        with ui.element("div").classes("desk-main" + (" wide" if page.wide else "")):
            with ui.element("header").classes("desk-bar"):
                Written("h1", words(page.title)).classes("desk-title")
                ui.element("div").classes("desk-space")
                there = Presence(desk) if is_given_talks(desk.member) else None
                if there:
                    there.in_bar()
                _who(desk)
            if there:
                there.below()
            with ui.element("main").classes("desk-page" + (" wide" if page.wide else "")):
                yield
    ui.on(_ACTIVE, lambda: _keep(desk))
    ui.run_javascript(_WATCHING)
    ui.run_javascript(_RINGING)


def set_badge(desk: Desk, page: Page, count: int) -> None:
    badge = _badges.get(desk, {}).get(page.path)
    if badge is not None:
        badge.set_text(str(count) if count < 100 else "99+")
        badge.set_visibility(count > 0)


def ring(desk: Desk, page: Page, newest: Mapping[str, float]) -> None:
    """What is there in a page whose news must be heard, and of when each is. Each for itself: what was dated a moment
    before another may come a moment after it."""
    rung = _rung.setdefault(desk, {})
    before, rung[page.path] = rung.get(page.path, {}), newest
    if all(at <= before.get(one, 0) for one, at in newest.items()):
        return
    words = desk.words
    news = {
        "path": page.path,
        "newest": newest,
        "who": desk.member.login,
        "words": words(f"{page.title.partition('.')[0]}.ring"),
        "open": words(page.title),
        "shut": words("queue.shut"),
        "urgent": page.urgent,
    }
    desk.client.run_javascript(f"deskRing({json.dumps(news)})")


def _rail(desk: Desk, page: Page) -> None:
    with ui.element("nav").classes("desk-rail").props(f'aria-label="{desk.words("shell.main")}"'):
        with ui.link(target="/").classes("desk-brand"):
            ui.element("img").props('src="/static/desk.svg" alt="" width=28 height=28')
            ui.label(desk.rt.settings.hospital_name_in(desk.language))
        group = ""
        for one in listed(desk.member):
            if one.group != group:
                group = one.group
                ui.label(desk.words(f"shell.group_{group}")).classes("desk-group")
            _entry(desk, one, here=one.path == page.path)


def _entry(desk: Desk, page: Page, *, here: bool) -> None:
    title = desk.words(page.title)
    link = ui.link(target=page.path).classes("desk-link").props(f'title="{title}"')
    if here:
        link.classes("here").props("aria-current=page")
    with link:
        ui.icon(page.icon or "circle")
        ui.label(title)
        if page.badge is not None:
            badge = ui.label("").classes("desk-badge urgent" if page.urgent else "desk-badge")
            badge.set_visibility(False)
            _badges.setdefault(desk, {})[page.path] = badge


def _who(desk: Desk) -> None:
    words, member = desk.words, desk.member

    async def other_language() -> None:
        other = next(one for one in LANGUAGES if one != desk.language)
        async with desk.acting() as session:
            await accounts.change_language(session, desk.member, other)
        ui.navigate.reload()

    button = ui.button(member.name).props("flat dense no-caps icon-right=expand_more")
    with named(button, "who"), ui.menu():
        with ui.element("div").classes("desk-who"):
            ui.label(member.name)
            ui.label(f"{words(f'shell.role_{member.role}')} · {member.login}")
        ui.separator()
        ui.menu_item(words("account.title"), lambda: ui.navigate.to("/account"))
        named(ui.menu_item(words("shell.keys"), lambda: shortcuts(desk)), "keys")
        named(ui.menu_item(words("shell.other_language"), other_language), "language")
        _theme(desk)
        ui.separator()
        with ui.element("form").props("method=post action=/logout"):
            Written("button", words("shell.log_out")).props("type=submit").classes("desk-out")


def _theme(desk: Desk) -> None:
    """Told to the browser in a page of its own, for only so it may keep it from scripts."""
    here = desk.client.request.url.path
    now = theme.chosen(desk.client.request.cookies)
    names = {one: desk.words(f"shell.theme_{one}") for one in theme.THEMES}
    toggle = ui.toggle(
        names, value=now, on_change=lambda event: ui.navigate.to(theme.way_to(str(event.value), here))
    )
    named(toggle, "theme").props("dense no-caps unelevated size=12px toggle-color=primary")
    toggle.classes("desk-theme")


async def _keep(desk: Desk) -> None:
    async with desk.rt.database.begin() as session:
        if await login.member_of(session, desk.token, desk.now()) is None:
            desk.leave()
