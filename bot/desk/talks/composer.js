// Where staff write. What was typed is kept for each conversation, also over a reload, until the server says that it
// was taken; text that was not taken comes back.
const KEPT = "dz-drafts";
const PATIENCE = 10000;

export default {
  template: `
    <section class="dz-composer" :class="[mode, { shut: !can.reply && !can.note }]">
      <p v-if="problem" class="dz-problem" role="alert"><i class="material-icons">error_outline</i>{{ problem }}<button type="button" class="dz-icon" :title="words.clear" @click="problem = ''"><i class="material-icons">close</i></button></p>
      <ul v-if="offered.length" class="dz-canned" role="listbox">
        <li v-for="(one, at) in offered" :key="one.shortcut" :class="{ on: at === picked }" role="option" :aria-selected="at === picked" @mousedown.prevent="take(one)">
          <kbd>/{{ one.shortcut }}</kbd><b>{{ one.title }}</b><span>{{ one.words }}</span>
        </li>
      </ul>
      <div class="dz-modes" role="tablist">
        <button type="button" role="tab" :class="{ on: mode === 'reply' }" :disabled="!can.reply" @click="turn('reply')">{{ words.reply }} <kbd>R</kbd></button>
        <button type="button" role="tab" :class="{ on: mode === 'note' }" :disabled="!can.note" @click="turn('note')">{{ words.note }} <kbd>N</kbd></button>
        <span class="dz-hint">{{ hint }}</span>
      </div>
      <div class="dz-box" @dragover.prevent @drop.prevent="dropped">
        <textarea ref="text" v-model="text" rows="1" :placeholder="placeholder" :disabled="!can[mode]" maxlength="2000" :aria-label="placeholder"
                  @input="changed" @keydown="typed" @paste="pasted"></textarea>
      </div>
      <div class="dz-tools">
        <button type="button" class="dz-icon" :title="words.canned + ' ( / )'" :disabled="!can.reply" @click="write('canned')"><i class="material-icons">bolt</i></button>
        <button type="button" class="dz-icon" :title="words.picture + ' ( I )'" :disabled="!can.reply || can.pictures === false" @click="choose"><i class="material-icons">image</i></button>
        <button type="button" class="dz-icon" :title="words.page" :disabled="!can.reply" @click="$emit('page')"><i class="material-icons">link</i></button>
        <span class="dz-count" v-if="text.length > 300">{{ text.length }}/2000</span>
        <button type="button" class="dz-send" :disabled="!can[mode] || !text.trim()" @click="send">
          {{ mode === 'note' ? words.keep_note : words.send }}<i class="material-icons">{{ mode === 'note' ? 'push_pin' : 'send' }}</i>
        </button>
      </div>
    </section>`,
  props: { words: Object, canned: Array, uploader: Number },
  data() {
    let drafts = {};
    try { drafts = JSON.parse(sessionStorage.getItem(KEPT) || "{}"); } catch (error) { console.debug("no drafts", error); }
    return { id: null, mode: "reply", text: "", drafts, can: {}, hint: "", problem: "", picked: 0, outgoing: {}, number: 0, speaks: "zh" };
  },
  computed: {
    placeholder() { return this.mode === "note" ? this.words.note_hint : this.can.reply ? this.words.reply_hint : this.can.why || this.words.reply_hint; },
    offered() {
      if (this.mode !== "reply" || !this.text.startsWith("/") || this.text.includes("\n")) return [];
      const asked = this.text.slice(1).trim().toLowerCase(), parts = asked.split(/\s+/), english = this.speaks === "en";
      return this.canned
        .map((one) => ({ ...one, words: (english && one.words_en) || one.words }))
        .filter((one) => {
          const said = `${one.shortcut} ${one.title} ${one.sounds} ${one.words}`.toLowerCase();
          return parts.every((part) => said.includes(part));
        })
        .sort((a, b) => b.shortcut.startsWith(asked) - a.shortcut.startsWith(asked)).slice(0, 8);
    },
  },
  mounted() { this.writing = (event) => this.write(event.detail); window.addEventListener("dz-write", this.writing); },
  unmounted() { window.removeEventListener("dz-write", this.writing); },
  methods: {
    // From the server
    talk(id, can, hint, speaks) {
      if (id !== this.id) { this.keep(); this.id = id; this.problem = ""; this.mode = "reply"; this.load(); }
      else if (this.can.reply && !can.reply && this.mode === "reply" && this.text.trim()) { this.keep(); this.problem = this.words.draft_unsent.replace("%", () => this.text.trim()); }
      else if (!this.can.reply && can.reply && this.mode === "note" && !this.text.trim()) { this.keep(); this.mode = "reply"; this.load(); } // taken: what is typed now is for the patient
      this.can = can;
      this.hint = hint;
      this.speaks = speaks;
      if (!can[this.mode]) this.mode = can.reply ? "reply" : can.note ? "note" : "reply", this.load();
    },
    taken(token) { clearTimeout(this.outgoing[token]?.timer); delete this.outgoing[token]; },
    refused(token, why) {
      const lost = this.outgoing[token];
      this.taken(token);
      if (lost) this.bring(lost, why);
    },
    put(words) { this.turn("reply"); this.text = this.text.trim() ? `${this.text.trimEnd()}\n${words}` : words; this.changed(); },
    // Writing
    send() {
      const words = this.text.trim();
      if (!words || !this.can[this.mode] || !this.id) return;
      if (this.offered.length && this.text.startsWith("/")) return this.take(this.offered[this.picked]);
      const token = `${Date.now()}-${++this.number}`, out = { id: this.id, mode: this.mode, words };
      out.timer = setTimeout(() => { if (this.outgoing[token]) { delete this.outgoing[token]; this.bring(out, this.words.unsure); } }, PATIENCE);
      this.outgoing[token] = out;
      this.text = "";
      this.changed();
      this.$emit("send", { id: out.id, note: out.mode === "note", text: words, token });
    },
    bring(lost, why) {
      const kept = this.drafts[lost.id] || {};
      const now = lost.id === this.id && lost.mode === this.mode ? this.text : kept[lost.mode] || "";
      const words = now.trim() ? `${lost.words}\n${now}` : lost.words;
      this.drafts[lost.id] = { ...kept, [lost.mode]: words };
      if (lost.id === this.id) { this.mode = lost.mode; this.text = words; this.problem = why; this.grow(); }
      this.save();
    },
    take(one) { this.text = one.words; this.$emit("used", one.shortcut); this.changed(); this.$refs.text.focus(); },
    turn(mode) { if (!this.can[mode]) return; this.keep(); this.mode = mode; this.load(); this.$nextTick(() => this.$refs.text.focus()); },
    write(what) {
      if (!this.id) return;
      if (what === "picture") return this.choose();
      this.turn(what === "note" ? "note" : "reply");
      if (what === "canned" && this.can.reply && !this.text) { this.text = "/"; this.changed(); }
    },
    typed(event) {
      if (event.isComposing || event.keyCode === 229) return;
      const offered = this.offered.length;
      if (offered && ["ArrowDown", "ArrowUp"].includes(event.key) && !event.altKey) {
        event.preventDefault();
        this.picked = (this.picked + (event.key === "ArrowDown" ? 1 : offered - 1)) % offered;
      } else if (offered && (event.key === "Tab" || event.key === "Enter")) {
        event.preventDefault();
        this.take(this.offered[this.picked] || this.offered[0]);
      } else if (event.key === "Enter" && !event.shiftKey) {
        event.preventDefault();
        this.send();
      } else if (event.key === "Escape") {
        if (this.text.startsWith("/")) this.text = "", this.changed();
        else event.target.blur();
      }
    },
    changed() { this.picked = 0; this.keep(); this.grow(); },
    keep() {
      if (!this.id) return;
      this.drafts[this.id] = { ...this.drafts[this.id], [this.mode]: this.text };
      if (!this.drafts[this.id].reply && !this.drafts[this.id].note) delete this.drafts[this.id];
      this.save();
    },
    load() { this.text = this.drafts[this.id]?.[this.mode] || ""; this.grow(); },
    save() {
      try { sessionStorage.setItem(KEPT, JSON.stringify(this.drafts)); } catch (error) { console.debug("drafts stay in this page only", error); }
    },
    grow() {
      this.$nextTick(() => { const box = this.$refs.text; if (box) { box.style.height = "auto"; box.style.height = `${Math.min(box.scrollHeight, 180)}px`; } });
    },
    // Pictures
    pasted(event) { this.hand([...event.clipboardData.files], event); },
    dropped(event) { this.hand([...event.dataTransfer.files], event); },
    hand(files, event) {
      const pictures = files.filter((file) => file.type.startsWith("image/"));
      if (!pictures.length || !this.can.reply || this.can.pictures === false) return;
      event.preventDefault();
      getElement(this.uploader).$refs.qRef.addFiles(pictures);
    },
    choose() { if (this.can.reply && this.can.pictures !== false) getElement(this.uploader).$refs.qRef.pickFiles(); },
  },
};
