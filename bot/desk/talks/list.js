// The conversation list. Rows come from the server once and then only as they change; sorting, timers and moving
// through the list happen here. Everything a patient wrote is put in as text.
const KEYS = { a: "accept", t: "transfer", b: "hand_back", e: "close", o: "take_over", c: "card", p: "consultation" };
const HERE = { r: "reply", n: "note", "/": "canned", i: "picture" };
const KIND_ICONS = { image: "image", voice: "mic", video: "videocam", file: "attach_file", location: "place", sticker: "mood", link: "link" };

export default {
  template: `
    <section class="dz-list" :aria-label="words.conversations">
      <header class="dz-list-head">
        <label class="dz-search">
          <i class="material-icons" aria-hidden="true">search</i>
          <input ref="search" v-model="query" type="search" :placeholder="words.search_hint" :aria-label="words.search"
                 maxlength="64" autocomplete="off" @keydown.enter.prevent="find" @keydown.esc.prevent="forget">
          <kbd v-if="!query">S</kbd>
          <button v-else type="button" class="dz-icon" :title="words.clear" @click="forget"><i class="material-icons">close</i></button>
        </label>
        <nav class="dz-filters" role="tablist">
          <button v-for="one in filters" :key="one.name" type="button" role="tab" :aria-selected="one.name === filter"
                  :data-filter="one.name" :class="{ on: one.name === filter && !searched }" @click="pick(one.name)">
            {{ one.title }}<b v-if="counts[one.name]">{{ counts[one.name] > 999 ? '999+' : counts[one.name] }}</b>
          </button>
        </nav>
      </header>
      <div v-if="searched" class="dz-list-note">{{ words.found }} <button type="button" @click="forget">{{ words.back_to_list }}</button></div>
      <div class="dz-rows" ref="rows" role="listbox" :aria-label="words.conversations">
        <button v-for="row in sorted" :key="row.id" type="button" class="dz-row" role="option" :data-id="row.id"
                :aria-selected="row.id === selected"
                :class="{ on: row.id === selected, unread: row.unread, alarm: row.alarm, waits: row.status === 'waiting', mine: row.mine }"
                @click="choose(row.id)">
          <span class="dz-face" :class="row.channel" aria-hidden="true">{{ row.face }}<i class="dz-channel"></i></span>
          <span class="dz-row-body">
            <span class="dz-row-top">
              <span class="dz-name">{{ row.name }}</span>
              <span v-if="row.alarm" class="dz-chip red">{{ words['alarm_' + row.alarm] || words.alarm }}</span>
              <span class="dz-when" :title="exact(row.lastAt)">{{ ago(row.lastAt) }}</span>
            </span>
            <span class="dz-row-last">
              <i v-if="icon(row)" class="material-icons">{{ icon(row) }}</i>
              <span class="dz-last"><em v-if="row.lastBy !== 'patient'">{{ words['by_' + row.lastBy] }}</em>{{ row.last || words['kind_' + row.lastKind] || '' }}</span>
              <i v-if="row.lastState === 'failed' || row.lastState === 'unknown'" class="material-icons dz-bad" :title="words['state_' + row.lastState]">error_outline</i>
              <b v-if="row.unread" class="dz-unread">{{ row.unread > 98 ? '99+' : row.unread }}</b>
            </span>
            <span class="dz-row-facts">
              <span v-if="wait(row)" class="dz-chip" :class="heat(row)"><i class="material-icons">schedule</i>{{ wait(row) }}</span>
              <span v-if="row.late" class="dz-chip red">{{ words['late_' + row.late] }}</span>
              <span v-if="row.where" class="dz-chip soft">{{ row.where }}</span>
              <span v-if="row.dead" class="dz-chip soft">{{ words.dead }}</span>
              <span v-if="row.elderly" class="dz-chip soft">{{ words.elderly }}</span>
              <span v-if="row.tongue" class="dz-chip soft">{{ row.tongue }}</span>
              <span v-if="closing(row)" class="dz-chip amber" :title="words.window">{{ closing(row) }}</span>
              <span v-if="row.agent" class="dz-agent" :class="{ me: row.mine }">{{ row.mine ? words.me : row.agent }}</span>
            </span>
          </span>
        </button>
        <div v-if="!sorted.length" class="dz-empty"><i class="material-icons">{{ searched ? 'search_off' : 'done_all' }}</i><p>{{ searched ? words.nothing_found : (words['empty_' + filter] || words.empty) }}</p></div>
        <div v-if="more" class="dz-list-note">{{ more }}</div>
      </div>
    </section>`,
  props: { words: Object, filters: Array, initial: Array, chosen: String, firstCounts: Object, serverNow: Number, title: String, zone: String },
  data() {
    return {
      rows: new Map(this.initial.map((row) => [row.id, row])), filter: this.chosen, counts: this.firstCounts || {}, selected: null,
      query: "", searched: false, more: "", now: this.serverNow, offset: this.serverNow - Date.now(), version: 0, mineUnread: 0,
    };
  },
  computed: {
    sorted() {
      this.version;
      return [...this.rows.values()].sort((a, b) => this.compare(a.rank, b.rank)).slice(0, 100);
    },
  },
  mounted() {
    this.ticking = setInterval(() => { if (!document.hidden) this.now = Date.now() + this.offset; }, 1000);
    window.addEventListener("keydown", this.onKey);
    document.addEventListener("visibilitychange", this.onVisible);
    this.countUnread();
    if (window.Notification && Notification.permission === "default")
      window.addEventListener("pointerdown", () => Notification.requestPermission(), { once: true });
  },
  unmounted() {
    clearInterval(this.ticking);
    window.removeEventListener("keydown", this.onKey);
    document.removeEventListener("visibilitychange", this.onVisible);
  },
  methods: {
    compare(a, b) {
      for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return a[at] - b[at];
      return 0;
    },
    // From the server
    patch(rows, gone, counts, ring) {
      for (const id of gone) if (!this.searched) this.rows.delete(id);
      for (const row of rows) if (!this.searched || this.rows.has(row.id)) this.rows.set(row.id, row);
      this.version++;
      if (counts) this.counts = counts;
      this.countUnread();
      if (ring) this.ring(ring);
    },
    replace(filter, rows, counts, more, searched) {
      this.filter = filter;
      this.rows = new Map(rows.map((row) => [row.id, row]));
      this.version++;
      if (counts) this.counts = counts;
      this.more = more || "";
      this.searched = !!searched;
      this.countUnread();
    },
    select(id) {
      this.selected = id;
      this.$nextTick(() => this.$refs.rows?.querySelector(".dz-row.on")?.scrollIntoView({ block: "nearest" }));
    },
    unread(count) { this.mineUnread = count; this.countUnread(); },
    ring(words) {
      this.sound();
      if (document.hidden && window.Notification && Notification.permission === "granted") {
        const shown = new Notification(words.title, { body: words.body, tag: words.id });
        shown.onclick = () => { window.focus(); this.choose(words.id); shown.close(); };
      }
    },
    sound() {
      try {
        this.audio = this.audio || new AudioContext();
        if (this.audio.state !== "running") return;
        const tone = this.audio.createOscillator(), loud = this.audio.createGain(), at = this.audio.currentTime;
        tone.frequency.setValueAtTime(660, at);
        tone.frequency.setValueAtTime(880, at + 0.09);
        loud.gain.setValueAtTime(0.06, at);
        loud.gain.exponentialRampToValueAtTime(0.0001, at + 0.35);
        tone.connect(loud).connect(this.audio.destination);
        tone.start(at);
        tone.stop(at + 0.4);
      } catch (error) { console.debug("no sound", error); }
    },
    countUnread() {
      document.title = (this.mineUnread ? `(${this.mineUnread}) ` : "") + this.title;
    },
    onVisible() { this.now = Date.now() + this.offset; },
    // To the server
    choose(id) { this.select(id); this.$emit("choose", id); },
    pick(name) { this.query = ""; this.searched = false; this.filter = name; this.$emit("filter", name); },
    find() { if (this.query.trim()) this.$emit("search", this.query.trim()); },
    forget() { this.query = ""; this.$refs.search.blur(); this.$emit("filter", this.filter); },
    move(step) {
      const ids = this.sorted.map((row) => row.id), at = ids.indexOf(this.selected);
      const next = ids[at < 0 ? (step > 0 ? 0 : ids.length - 1) : Math.min(ids.length - 1, Math.max(0, at + step))];
      if (next && next !== this.selected) this.choose(next);
    },
    onKey(event) {
      if (event.isComposing || document.querySelector(".q-dialog")) return;
      const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) || event.target.isContentEditable;
      const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (event.altKey && step) { event.preventDefault(); return this.move(step); }
      if ((event.ctrlKey || event.metaKey) && event.key === "k") { event.preventDefault(); return this.$refs.search.focus(); }
      if (typing || !plain) return;
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      if (step || key === "j" || key === "k") { event.preventDefault(); return this.move(step || (key === "j" ? 1 : -1)); }
      if (key === "s") { event.preventDefault(); return this.$refs.search.focus(); }
      if (HERE[key]) { event.preventDefault(); return window.dispatchEvent(new CustomEvent("dz-write", { detail: HERE[key] })); }
      if (/^[1-6]$/.test(key) && this.filters[key - 1]) return this.pick(this.filters[key - 1].name);
      if (key === "?") return this.$emit("key", "help");
      if (KEYS[key]) { event.preventDefault(); this.$emit("key", KEYS[key]); }
    },
    // Words
    icon(row) { return row.last ? "" : KIND_ICONS[row.lastKind] || ""; },
    exact(at) { return at ? new Date(at).toLocaleString([], { timeZone: this.zone }) : ""; },
    ago(at) {
      if (!at) return "";
      const seconds = Math.max(0, (this.now - at) / 1000);
      if (seconds < 60) return this.words.just_now;
      if (seconds < 3600) return this.words.minutes.replace("%", Math.floor(seconds / 60));
      const then = new Date(at), timeZone = this.zone;  // the hospital's, wherever the browser is
      const day = (moment) => moment.toLocaleDateString("en-US", { timeZone, month: "numeric", day: "numeric" });
      if (day(then) === day(new Date(this.now)))
        return then.toLocaleTimeString([], { timeZone, hour: "2-digit", minute: "2-digit", hour12: false });
      return day(then);
    },
    wait(row) { return row.since ? this.span(this.now - row.since) : ""; },
    heat(row) {
      const minutes = (this.now - row.since) / 60000;
      return minutes > 5 ? "red" : minutes > 2 ? "amber" : "green";
    },
    closing(row) {
      const left = row.closesAt ? row.closesAt - this.now : 0;
      return left > 0 && left < 2 * 3600 * 1000 ? this.words.closes_in.replace("%", this.span(left)) : "";
    },
    span(ms) {
      const seconds = Math.max(0, Math.floor(ms / 1000)), two = (n) => String(n).padStart(2, "0");
      const hours = Math.floor(seconds / 3600);
      if (hours >= 48) return this.words.days.replace("%", Math.floor(hours / 24));
      return hours ? `${hours}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}` : `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
    },
  },
};
