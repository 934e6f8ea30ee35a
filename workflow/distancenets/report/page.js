"use strict";

// Tables that sort, the place in the contents, and the plot of learning curves. Without scripts the page still shows
// every table and figure.

document.documentElement.classList.add("scripted");

// Sorting

/** The number that a cell begins with, such as 96.62 of "96.62 ± 0.17" or -4.42 of "−4.42"; NaN where there is none. */
function leading(text) {
  const found = /^[+−-]?[\d,]*\.?\d+/.exec(text);
  return found ? Number(found[0].replace("−", "-").replaceAll(",", "")) : NaN;
}

/** Order two cells: numbers by value, then words by alphabet. */
function compare(first, second) {
  const [a, b] = [leading(first), leading(second)];
  if (Number.isNaN(a) || Number.isNaN(b)) {
    return Number.isNaN(b) - Number.isNaN(a) || first.localeCompare(second, "en", { numeric: true });
  }
  return a - b || first.localeCompare(second, "en");
}

function sortBy(table, heading) {
  const direction = heading.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", direction);
  const sign = direction === "ascending" ? 1 : -1;
  const text = (row) => row.cells[heading.cellIndex].textContent.trim();
  const rows = [...table.tBodies[0].rows].sort((a, b) => sign * compare(text(a), text(b)));
  table.tBodies[0].append(...rows);
}

for (const table of document.querySelectorAll("table.sortable")) {
  for (const heading of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    button.addEventListener("click", () => sortBy(table, heading));
    heading.replaceChildren(button);
  }
}

// On paper nothing can be unfolded.
addEventListener("beforeprint", () => {
  for (const ruling of document.querySelectorAll(".ruling")) ruling.open = true;
});

// Contents

const entries = new Map([...document.querySelectorAll(".contents a")].map((link) => [link.hash.slice(1), link]));
const reader = new IntersectionObserver(
  (seen) => {
    for (const { target } of seen.filter((entry) => entry.isIntersecting)) {
      for (const link of entries.values()) link.removeAttribute("aria-current");
      entries.get(target.id).setAttribute("aria-current", "true");
    }
  },
  { rootMargin: "-20% 0% -75% 0%" },
);
for (const id of entries.keys()) reader.observe(document.getElementById(id));

// The plot

const SVG = "http://www.w3.org/2000/svg";
const QUANTITIES = { test_error: "test error (%)", train_error: "train error (%)", train_loss: "train loss (nats)" };
const MARGIN = { top: 12, right: 16, bottom: 42, left: 58 };

function drawn(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Map `low`..`high` to `from`..`to`, evenly or by powers of ten. */
function scale(low, high, from, to, logarithmic) {
  const place = logarithmic ? Math.log10 : (value) => value;
  const [start, span] = [place(low), place(high) - place(low) || 1];
  return (value) => from + ((place(Math.max(value, logarithmic ? low : -Infinity)) - start) / span) * (to - from);
}

/** Round values between `low` and `high`: at most about eight. */
function ticks(low, high, logarithmic) {
  const found = [];
  if (logarithmic) {
    const parts = high / low > 1000 ? [1] : [1, 2, 5];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
      for (const part of parts) found.push(Number((part * 10 ** power).toPrecision(1)));
    }
    const inside = found.filter((value) => value >= low * 0.999 && value <= high * 1.001);
    if (inside.length > 1) return inside;
  }
  const rough = (high - low) / 5 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((part) => part * power >= rough);
  const even = [];
  for (let value = Math.ceil(low / step); value * step <= high * 1.0001; value++) even.push(value * step);
  return even;
}

const shown = (value) => Number(value.toPrecision(4)).toLocaleString("en");

class Plot {
  constructor(place) {
    this.place = place;
    this.data = JSON.parse(document.getElementById(place.dataset.series).textContent);
    this.state = { quantity: "test_error", x: "linear", y: "linear", index: Infinity };
    this.picked = new Set(this.data.models.filter((model) => model.shown).map((model) => model.name));
    this.epochs = this.data.models[0].epoch;
    this.svg = drawn("svg", { class: "drawing", role: "img" });
    this.reading = this.buildReading();
    this.models = this.buildModels();
    place.querySelector(".hint").after(this.buildControls(), this.svg, this.reading, this.models);
    this.svg.addEventListener("pointermove", (event) => this.readAt(event));
    new ResizeObserver(() => this.draw()).observe(this.svg);
    this.draw();
  }

  buildControls() {
    const controls = document.createElement("div");
    controls.className = "controls";
    const label = document.createElement("label");
    const select = document.createElement("select");
    for (const [value, text] of Object.entries(QUANTITIES)) select.append(new Option(text, value));
    select.addEventListener("change", () => this.set("quantity", select.value));
    label.append("Quantity ", select);
    controls.append(label, this.axis("x", "Epochs"), this.axis("y", "Values"));
    for (const [text, all] of [["All models", true], ["No model", false]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = text;
      button.addEventListener("click", () => this.pickAll(all));
      controls.append(button);
    }
    return controls;
  }

  axis(name, title) {
    const group = document.createElement("fieldset");
    const legend = document.createElement("legend");
    legend.textContent = title;
    group.append(legend);
    for (const kind of ["linear", "log"]) {
      const label = document.createElement("label");
      const radio = document.createElement("input");
      Object.assign(radio, { type: "radio", name: `${this.place.dataset.series}-${name}`, value: kind });
      radio.checked = this.state[name] === kind;
      radio.addEventListener("change", () => this.set(name, kind));
      label.append(radio, ` ${kind}`);
      group.append(label);
    }
    return group;
  }

  buildReading() {
    const line = document.createElement("div");
    line.className = "reading";
    const label = document.createElement("label");
    this.slider = document.createElement("input");
    const last = this.epochs.length - 1;
    Object.assign(this.slider, { type: "range", min: 0, max: last, id: `${this.place.dataset.series}-epoch` });
    this.slider.value = last;
    this.slider.addEventListener("input", () => this.set("index", Number(this.slider.value)));
    label.htmlFor = this.slider.id;
    label.textContent = "Read at";
    this.epoch = document.createElement("output");
    this.epoch.htmlFor = this.slider.id;
    line.append(label, this.slider, this.epoch);
    return line;
  }

  buildModels() {
    const list = document.createElement("div");
    list.className = "models";
    this.boxes = new Map();
    for (const [title, models] of Map.groupBy(this.data.models, (model) => model.group)) {
      const group = document.createElement("fieldset");
      const legend = document.createElement("legend");
      legend.textContent = title;
      group.append(legend, ...models.map((model) => this.choice(model)));
      list.append(group);
    }
    return list;
  }

  choice(model) {
    const label = document.createElement("label");
    const box = document.createElement("input");
    Object.assign(box, { type: "checkbox", value: model.name, checked: this.picked.has(model.name) });
    box.addEventListener("change", () => {
      this.picked[box.checked ? "add" : "delete"](model.name);
      this.draw();
    });
    const sample = drawn("svg", { width: 30, height: 8, "aria-hidden": "true" });
    sample.append(drawn("line", { x1: 0, x2: 30, y1: 4, y2: 4, "stroke-width": 2, ...this.stroke(model) }));
    const value = document.createElement("output");
    label.append(box, sample, ` ${model.name}`, value);
    for (const [event, name] of [["pointerenter", model.name], ["focusin", model.name], ["pointerleave", null], ["focusout", null]]) {
      label.addEventListener(event, () => this.emphasise(name));
    }
    this.boxes.set(model.name, { box, value });
    return label;
  }

  stroke(model) {
    // Black would vanish on a dark page.
    return { stroke: model.colour === "#000000" ? "currentColor" : model.colour, "stroke-dasharray": model.dashes };
  }

  set(key, value) {
    this.state[key] = value;
    this.draw();
  }

  pickAll(all) {
    this.picked = new Set(all ? this.data.models.map((model) => model.name) : []);
    for (const [name, { box }] of this.boxes) box.checked = this.picked.has(name);
    this.draw();
  }

  emphasise(name) {
    const there = this.picked.has(name);
    for (const path of this.svg.querySelectorAll("path")) path.classList.toggle("faint", there && path.dataset.model !== name);
  }

  readAt(event) {
    const box = this.svg.getBoundingClientRect();
    const x = event.clientX - box.left;
    const distances = this.epochs.map((epoch) => Math.abs(this.x(epoch) - x));
    this.slider.value = distances.indexOf(Math.min(...distances));
    this.set("index", Number(this.slider.value));
  }

  draw() {
    const width = Math.max(this.svg.clientWidth, 240);
    const height = Math.round(Math.min(Math.max(width * 0.5, 260), 430));
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const picked = this.data.models.filter((model) => this.picked.has(model.name));
    const label = QUANTITIES[this.state.quantity];
    const names = picked.map((model) => model.name).join(", ") || "no model";
    this.svg.setAttribute("aria-label", `${label} against epochs: ${names}`);
    this.frame(picked, width, height, label);
    for (const model of picked) this.svg.append(this.curve(model));
    this.read(height);
  }

  frame(picked, width, height, label) {
    const { quantity, x, y } = this.state;
    const values = picked.flatMap((model) => model[quantity]);
    const positive = values.filter((value) => value > 0);
    // A log axis has no 0: the untrained model is drawn at its left edge.
    const first = x === "log" ? 0.8 : 0;
    const last = this.epochs.at(-1);
    const low = y === "log" ? Math.min(...positive, 100) : 0;
    const high = values.length ? Math.max(...values) : 100;
    this.x = scale(first, last, MARGIN.left, width - MARGIN.right, x === "log");
    this.y = scale(low, high, height - MARGIN.bottom, MARGIN.top, y === "log");
    const [right, bottom] = [width - MARGIN.right, height - MARGIN.bottom];
    this.svg.replaceChildren();
    for (const value of ticks(low, high, y === "log")) {
      const at = this.y(value);
      this.svg.append(
        drawn("line", { class: "grid", x1: MARGIN.left, x2: right, y1: at, y2: at }),
        drawn("text", { x: MARGIN.left - 8, y: at + 4, "text-anchor": "end" }, shown(value)),
      );
    }
    for (const value of ticks(x === "log" ? 1 : 0, last, x === "log")) {
      this.svg.append(
        drawn("line", { class: "grid", x1: this.x(value), x2: this.x(value), y1: bottom, y2: bottom + 5 }),
        drawn("text", { x: this.x(value), y: bottom + 18, "text-anchor": "middle" }, shown(value)),
      );
    }
    const middle = (MARGIN.top + bottom) / 2;
    this.svg.append(
      drawn("text", { x: (MARGIN.left + right) / 2, y: height - 6, "text-anchor": "middle" }, "epochs (full-batch steps)"),
      drawn("text", { x: 14, y: middle, transform: `rotate(-90 14 ${middle})`, "text-anchor": "middle" }, label),
    );
  }

  curve(model) {
    const values = model[this.state.quantity];
    const points = model.epoch.map((epoch, index) => [this.x(epoch), this.y(values[index])]);
    const line = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L");
    const path = drawn("path", { d: `M${line}`, ...this.stroke(model) });
    path.dataset.model = model.name;
    return path;
  }

  read(height) {
    const index = Math.min(this.state.index, this.epochs.length - 1);
    const at = this.x(this.epochs[index]);
    this.svg.append(drawn("line", { class: "cursor", x1: at, x2: at, y1: MARGIN.top, y2: height - MARGIN.bottom }));
    this.epoch.textContent = `epoch ${this.epochs[index].toLocaleString("en")}`;
    this.slider.setAttribute("aria-valuetext", this.epoch.textContent);
    for (const model of this.data.models) {
      const value = model[this.state.quantity][index];
      this.boxes.get(model.name).value.textContent = this.picked.has(model.name) ? shown(value) : "";
    }
  }
}

for (const place of document.querySelectorAll(".plot")) new Plot(place);
