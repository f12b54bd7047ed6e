// What was said, in one line. Everything a patient wrote is put in as text.
const STATES = { queued: "schedule", sending: "schedule", sent: "done", failed: "error", unknown: "help", held: "pause_circle", dropped: "block" };

export default {
  template: `
    <section class="dz-talk" :aria-label="words.talk">
      <div v-if="facts" class="dz-facts">
        <span v-if="facts.since" class="dz-chip" :class="heat"><i class="material-icons">schedule</i>{{ words.unanswered }} {{ span(now - facts.since) }}</span>
        <span v-if="facts.endsAt" class="dz-chip soft"><i class="material-icons">hourglass_bottom</i>{{ words.ends_in.replace('%', span(facts.endsAt - now)) }}</span>
        <span v-if="facts.left !== null && facts.left !== undefined" class="dz-chip" :class="{ red: !facts.left, soft: facts.left }">
          <i class="material-icons">outgoing_mail</i>{{ facts.left ? words.quota.replace('%', facts.left) : words.quota_none }}</span>
        <span v-if="facts.closesAt" class="dz-chip" :class="facts.closesAt - now < 7200000 ? 'amber' : 'soft'"><i class="material-icons">lock_clock</i>{{ words.closes_in.replace('%', span(facts.closesAt - now)) }}</span>
        <span v-for="one in facts.chips || []" class="dz-chip soft">{{ one }}</span>
      </div>
      <div class="dz-lines" ref="lines" @scroll.passive="scrolled">
        <button v-if="more" type="button" class="dz-older" @click="$emit('older', items[0] ? items[0].at : 0)">{{ words.older }}</button>
        <template v-for="(item, at) in items" :key="item.key">
          <div v-if="newDay(at)" class="dz-day"><span>{{ day(item.at) }}</span></div>
          <div v-if="item.by === 'event'" class="dz-event" :class="{ red: item.event === 'alarm' }"><span><i class="material-icons">{{ item.icon }}</i>{{ item.text }} · {{ clock(item.at) }}</span></div>
          <article v-else class="dz-line" :class="[item.by, { first: first(at), alarm: item.alarm, dropped: item.state === 'dropped' }]" :data-key="item.key" :data-state="item.state">
            <header v-if="first(at)"><b>{{ item.who }}</b><time :title="exact(item.at)">{{ clock(item.at) }}</time></header>
            <div class="dz-bubble" :class="{ picture: item.medium && isPicture(item) && !item.text }">
              <p v-if="item.label" class="dz-label"><i class="material-icons">{{ item.icon }}</i>{{ item.label }}</p>
              <p v-if="item.text" class="dz-words">{{ item.text }}</p>
              <template v-if="item.medium && item.mediumState === 'stored'">
                <img v-if="isPicture(item)" :src="source(item)" :alt="words.kind_image" loading="lazy" @load="grown" @click="shown = source(item)">
                <audio v-else-if="item.mime.startsWith('audio/')" :src="source(item)" controls preload="none"></audio>
                <video v-else-if="item.mime.startsWith('video/')" :src="source(item)" controls preload="none"></video>
                <a v-else :href="source(item)" target="_blank" rel="noopener" download><i class="material-icons">attach_file</i>{{ words.kind_file }}</a>
              </template>
              <p v-else-if="item.medium" class="dz-label"><i class="material-icons">hourglass_empty</i>{{ item.mediumState === 'failed' ? words.medium_failed : words.medium_waiting }}</p>
              <ul v-if="item.options.length" class="dz-options"><li v-for="option in item.options">{{ option }}</li></ul>
            </div>
            <footer v-if="item.state" :class="item.state" :title="item.error || words['state_' + item.state]">
              <i class="material-icons">{{ icons[item.state] }}</i><span v-if="item.state !== 'sent'">{{ item.state === 'dropped' && item.error || words['state_' + item.state] }}</span>
            </footer>
          </article>
        </template>
        <div v-if="!items.length && id" class="dz-empty"><i class="material-icons">forum</i><p>{{ words.nothing_said }}</p></div>
      </div>
      <button v-if="below" type="button" class="dz-below" @click="toEnd"><i class="material-icons">south</i>{{ words.new_messages.replace('%', below) }}</button>
      <div v-if="shown" class="dz-lightbox" role="dialog" @click="shown = ''"><img :src="shown" :alt="words.kind_image"></div>
    </section>`,
  props: { words: Object, serverNow: Number, language: String, zone: String },
  data() {
    return { id: null, items: [], more: false, facts: null, now: this.serverNow, offset: this.serverNow - Date.now(), below: 0, stays: true, shown: "", icons: STATES };
  },
  computed: {
    heat() {
      const minutes = (this.now - this.facts.since) / 60000;
      return minutes > 5 ? "red" : minutes > 2 ? "amber" : "green";
    },
  },
  mounted() {
    this.ticking = setInterval(() => { if (!document.hidden) this.now = Date.now() + this.offset; }, 1000);
    this.leaving = (event) => { if (event.key === "Escape") this.shown = ""; };
    window.addEventListener("keydown", this.leaving);
    document.addEventListener("visibilitychange", this.looked);
    // Whoever reads the end goes on reading it: when the talk comes into sight, and when a phone's keyboard takes half of it.
    this.sized = new ResizeObserver(() => { if (this.stays) this.toEnd(); });
    this.sized.observe(this.$refs.lines);
  },
  unmounted() {
    this.sized.disconnect();
    clearInterval(this.ticking);
    window.removeEventListener("keydown", this.leaving);
    document.removeEventListener("visibilitychange", this.looked);
  },
  methods: {
    // From the server
    show(id, items, more, facts) {
      this.id = id;
      this.items = items;
      this.more = more;
      this.facts = facts;
      this.below = 0;
      this.shown = "";
      this.toEnd();
    },
    earlier(id, items, more) {
      if (id !== this.id) return;
      const box = this.$refs.lines, before = box.scrollHeight;
      this.items = [...items, ...this.items];
      this.more = more;
      this.$nextTick(() => { box.scrollTop += box.scrollHeight - before; });
    },
    patch(id, items, facts) {
      if (id !== this.id) return;
      const known = new Map(this.items.map((item, at) => [item.key, at])), atEnd = this.isAtEnd();
      let fresh = 0;
      for (const item of items) {
        const at = known.get(item.key);
        if (at !== undefined) { this.items[at] = item; continue; }
        if (this.items.length && item.at < this.items[0].at) continue;
        this.items.push(item);
        fresh += item.by === "patient";
      }
      this.items.sort((a, b) => a.at - b.at);
      this.facts = facts;
      if (atEnd) this.toEnd();
      else this.below += fresh;
      if (fresh) this.looked();
    },
    looked() { if (!document.hidden && this.id && this.isAtEnd()) this.$emit("seen", this.id); },
    // Where we are
    isAtEnd() { const box = this.$refs.lines; return !box || box.scrollHeight - box.scrollTop - box.clientHeight < 60; },
    toEnd() {
      this.below = 0;
      this.stays = true;
      this.$nextTick(() => { const box = this.$refs.lines; if (box) box.scrollTop = box.scrollHeight; });
    },
    grown() { if (this.stays) this.toEnd(); },
    scrolled() {
      this.stays = this.isAtEnd();
      if (this.below && this.stays) { this.below = 0; this.looked(); }
    },
    // Words
    isPicture(item) { return item.mime.startsWith("image/"); },
    source(item) { return `/talks/media/${this.id}/${item.medium}`; },
    first(at) {
      const item = this.items[at], before = this.items[at - 1];
      return !before || before.by !== item.by || before.who !== item.who || item.at - before.at > 180000;
    },
    newDay(at) { return !at || this.day(this.items[at].at) !== this.day(this.items[at - 1].at); },
    day(at) { return new Date(at).toLocaleDateString(this.language, { timeZone: this.zone, month: "long", day: "numeric", weekday: "short" }); },
    clock(at) { return new Date(at).toLocaleTimeString([], { timeZone: this.zone, hour: "2-digit", minute: "2-digit", hour12: false }); },
    exact(at) { return new Date(at).toLocaleString(this.language, { timeZone: this.zone }); },
    span(ms) {
      const seconds = Math.max(0, Math.floor(ms / 1000)), two = (n) => String(n).padStart(2, "0"), hours = Math.floor(seconds / 3600);
      if (hours >= 48) return this.words.days.replace("%", Math.floor(hours / 24));
      return hours ? `${hours}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}` : `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
    },
  },
};
