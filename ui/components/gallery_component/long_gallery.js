// A grid of any number of cards in a window that scrolls. Only the cards in sight, and a screen above and
// below, are in the page; missing cards are requested through the state "wanted"
// ({listing, first, count}). Ticks send {from, to, action}, places in the listing, since most ids are not here.
const GAP = 12;
const WORDS_HEIGHT = 62;
const MOST_AT_ONCE = 240;

function placeholder() {
  return element("div", "card waiting");
}

class Wall {
  constructor(root) {
    this.root = root;
    this.cache = new Map();
    this.focus = 0;
    root.addEventListener("scroll", () => this.later(), { passive: true });
    root.addEventListener("keydown", (event) => this.onKey(event));
    new ResizeObserver(() => this.later()).observe(root);
  }

  take(data, setTriggerValue, setStateValue) {
    const isNew = this.data?.listing !== data.listing;
    if (isNew) {
      this.cache.clear();
      this.root.scrollTop = 0;
      this.last = undefined;
    }
    this.data = data;
    this.ask = (wanted) => setStateValue("wanted", wanted);
    this.send = (what) => setTriggerValue("picked", { ...what, listing: data.listing });
    this.asked = undefined;
    data.items.forEach((item, at) => this.cache.set(data.first + at, item));
    this.root.setAttribute("aria-label", data.label);
    // A tall window shows more rows, below the parts above the gallery.
    this.root.style.height = `${Math.max(data.height, window.innerHeight - 440)}px`;
    this.draw();
  }

  isTicked(place) {
    return this.data.ticked.some(([from, to]) => from <= place && place <= to);
  }

  later() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
  }

  measure() {
    const width = this.root.clientWidth - 4;
    this.columns = Math.max(1, Math.floor((width + GAP) / (this.data.width + GAP)));
    this.cardWidth = (width - GAP * (this.columns - 1)) / this.columns;
    this.rowHeight = this.cardWidth + WORDS_HEIGHT + GAP;
    this.rows = Math.ceil(this.data.total / this.columns);
  }

  draw() {
    if (!this.data || !this.root.clientWidth) return;
    this.measure();
    const inside = this.root.firstElementChild;
    inside.style.height = `${Math.max(0, this.rows * this.rowHeight - GAP) + 4}px`;
    const sight = this.root.clientHeight;
    const from = Math.max(0, Math.floor((this.root.scrollTop - sight) / this.rowHeight)) * this.columns;
    const to = Math.min(this.data.total, Math.ceil((this.root.scrollTop + sight * 2) / this.rowHeight) * this.columns);
    const focused = this.root.getRootNode().activeElement?.closest?.(".card")?.dataset.place;
    const cards = [];
    for (let place = from; place < to; place += 1) cards.push(this.card(place));
    inside.replaceChildren(...cards);
    if (focused !== undefined) this.focusOn(Number(focused));
    this.askFor(from, to);
  }

  card(place) {
    const item = this.cache.get(place);
    const shown = item && { ...item, ticked: this.isTicked(place), chosen: item.id === this.data.chosen };
    const made = shown ? card(shown, this.data, this.actions(place)) : placeholder();
    made.dataset.place = place;
    const row = Math.floor(place / this.columns);
    const column = place % this.columns;
    made.style.width = `${this.cardWidth}px`;
    made.style.height = `${this.rowHeight - GAP}px`;
    made.style.transform = `translate(${column * (this.cardWidth + GAP) + 2}px, ${row * this.rowHeight + 2}px)`;
    return made;
  }

  actions(place) {
    const tick = (event) => {
      const [a, b] = event.shiftKey && this.last !== undefined ? [this.last, place] : [place, place];
      const action = a === b && this.isTicked(place) ? "untick" : "tick";
      this.last = place;
      this.send({ action, from: Math.min(a, b), to: Math.max(a, b) });
    };
    return {
      tick,
      pick: (event, item) => {
        if (event.shiftKey || event.ctrlKey || event.metaKey) tick(event);
        else this.send({ action: "pick", id: item.id });
      },
      open: (item) => this.send({ action: "open", id: item.id }),
    };
  }

  askFor(from, to) {
    let first = from;
    while (first < to && this.cache.has(first)) first += 1;
    let end = to;
    while (end > first && this.cache.has(end - 1)) end -= 1;
    if (first >= end) return;
    const wanted = { listing: this.data.listing, first, count: Math.min(end - first, MOST_AT_ONCE) };
    const said = JSON.stringify(wanted);
    if (said === this.asked) return;
    this.asked = said;
    // Fast scrolling should not request every card that passes.
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(wanted), 90);
  }

  onKey(event) {
    const place = Number(event.target.closest(".card")?.dataset.place);
    if ((event.ctrlKey || event.metaKey) && event.key === "a") {
      this.send({ action: "tick", from: 0, to: this.data.total - 1 });
      event.preventDefault();
      return;
    }
    const page = Math.max(1, Math.floor(this.root.clientHeight / this.rowHeight)) * this.columns;
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.columns, ArrowUp: -this.columns, PageDown: page, PageUp: -page };
    const ends = { Home: 0, End: this.data.total - 1 };
    if (Number.isNaN(place) || (steps[event.key] === undefined && ends[event.key] === undefined)) return;
    event.preventDefault();
    const next = ends[event.key] ?? place + steps[event.key];
    if (next >= 0 && next < this.data.total) this.goTo(next);
  }

  goTo(place) {
    const top = Math.floor(place / this.columns) * this.rowHeight;
    const low = top + this.rowHeight - this.root.clientHeight;
    if (top < this.root.scrollTop) this.root.scrollTop = top;
    else if (low > this.root.scrollTop) this.root.scrollTop = low;
    this.draw();
    this.focusOn(place);
  }

  focusOn(place) {
    this.root.querySelector(`.card[data-place="${place}"] .pick`)?.focus({ preventScroll: true });
  }
}

const walls = new WeakMap();

export default function ({ data, setTriggerValue, setStateValue, parentElement }) {
  const root = parentElement.querySelector(".wall");
  if (!walls.has(root)) walls.set(root, new Wall(root));
  walls.get(root).take(data, setTriggerValue, setStateValue);
}
