// The parts around the canvas: titles and scale bars, the toolbar, the section's slider, the legend.

const AXES = { x: [1, 0, 0], y: [0, 1, 0], z: [0, 0, 1] };
const TITLE_PIXELS = 28;

// Return the number of columns that makes viewports largest.
function columnsFor(count, width, height) {
  let best = 1;
  let room = 0;
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const free = Math.min(width / columns, height / rows - TITLE_PIXELS);
    if (free > room + 1) [best, room] = [columns, free];
  }
  return best;
}

// The longest of 1, 2, 5 × 10ⁿ that is at most `most`.
function roundLength(most) {
  const power = 10 ** Math.floor(Math.log10(most));
  return Number(([5, 2, 1].map((step) => step * power).find((value) => value <= most) ?? power).toPrecision(1));
}

function cellsOf({ titles, badges }, columns) {
  return titles.map((title, index) => {
    const cell = element("div", "cell");
    cell.classList.toggle("beside", index % columns > 0);
    cell.classList.toggle("below", index >= columns);
    const name = element("span");
    name.append(element("bdi", "", title));
    const line = element("div", "title");
    line.append(element("b", index === 0 ? "query" : "", badges[index]), name);
    const scale = element("div", "scale");
    scale.append(element("span"), element("i"));
    const head = element("div", "head");
    head.append(line, scale);
    cell.append(head);
    return cell;
  });
}

function toolbarOf(viewer) {
  const { words, choices, fullResolution } = viewer.scene;
  const looks = element("label", "", words.show);
  const select = element("select");
  select.setAttribute("aria-label", words.show);
  for (const [value, text] of choices) select.append(new Option(text, value));
  select.value = viewer.choice;
  select.addEventListener("change", () => viewer.choose(select.value));
  looks.append(select);
  const views = group(words.views, Object.keys(VIEWS).map((name) => button(words[name], () => viewer.look(name))));
  views.append(button(words.reset, () => viewer.reset()));
  const toggles = group(words.toggles, [
    ...(viewer.scene.titles.length > 1 ? [toggle(words.link, viewer.isLinked, (on) => viewer.link(on))] : []),
    toggle(words.perspective, viewer.isPerspective, (on) => viewer.usePerspective(on)),
    toggle(words.section, Boolean(viewer.section), (on) => viewer.openSection(on)),
  ]);
  const tools = group(words.tools, [
    button(words.snapshot, () => viewer.snapshot()),
    button(words.fullscreen, () => viewer.fullScreen()),
    ...(fullResolution ? [button(fullResolution, () => viewer.askForAll())] : []),
  ]);
  return [looks, views, toggles, tools];
}

function cutterOf(viewer) {
  const { words, reach } = viewer.scene;
  const axes = group(
    words.axis,
    [...Object.keys(AXES), "view"].map((axis) => {
      const part = button(words[`axis-${axis}`], () => viewer.cutAlong(axis));
      part.setAttribute("aria-pressed", String(viewer.section.axis === axis));
      return part;
    }),
  );
  const slider = element("input");
  Object.assign(slider, { type: "range", min: -reach, max: reach, step: reach / 200, value: viewer.section.offset });
  slider.setAttribute("aria-label", words.offset);
  slider.addEventListener("input", () => viewer.moveSection(Number(slider.value)));
  return [axes, slider, group("", [button(words.flip, () => viewer.flipSection())]), element("output")];
}

// Return the lines of the legend, with a ramp if colours stand for numbers.
function legendOf({ colours: legend, scene: { notes } }) {
  const parts = [];
  if (legend) {
    parts.push(element("strong", "", legend.title));
    const ramp = element("div", "ramp");
    const shades = element("i");
    shades.style.background = `linear-gradient(to right, ${legend.stops.join(", ")})`;
    ramp.append(element("span", "", legend.low), shades, element("span", "", legend.high));
    parts.push(ramp, ...legend.lines.map((line) => element("span", "", line)));
    if (legend.warning) parts.push(element("span", "warning", legend.warning));
  }
  return [...parts, ...notes.map((line) => element("span", "", line))];
}

// Draw the picture of the canvas with its titles, scale bars and legend: text is not in the scene.
function annotated(picture, viewer) {
  const { width, height } = picture;
  const ratio = width / viewer.canvas.clientWidth;
  const legend = viewer.colours;
  const below = legend ? 40 * ratio : 0;
  const sheet = element("canvas");
  Object.assign(sheet, { width, height: height + below });
  const brush = sheet.getContext("2d");
  const look = getComputedStyle(viewer.root);
  brush.fillStyle = getComputedStyle(viewer.canvas).backgroundColor;
  brush.fillRect(0, 0, width, height + below);
  brush.drawImage(picture, 0, 0);
  brush.fillStyle = brush.strokeStyle = look.color;
  brush.textBaseline = "middle";
  brush.lineWidth = ratio;
  const write = (text, x, y, align = "left", pixels = 13) => {
    brush.font = `${pixels * ratio}px ${look.fontFamily}`;
    brush.textAlign = align;
    brush.fillText(text, x * ratio, y * ratio);
  };
  [...viewer.cells.children].forEach((cell, index) => {
    const [left, top, right] = [cell.offsetLeft, cell.offsetTop, cell.offsetLeft + cell.clientWidth];
    write(`${viewer.scene.badges[index]}  ${viewer.scene.titles[index]}`, left + 8, top + 14);
    const [label, rule] = cell.querySelector(".scale").children;
    const long = parseFloat(rule.style.width);
    write(label.textContent, right - 10 - long / 2, top + 9, "center", 11);
    brush.fillRect((right - 10 - long) * ratio, (top + 18) * ratio, long * ratio, 3 * ratio);
  });
  if (legend) {
    const y = viewer.canvas.clientHeight + 20;
    const ramp = brush.createLinearGradient(8 * ratio, 0, 168 * ratio, 0);
    legend.stops.forEach((stop, index) => ramp.addColorStop(index / (legend.stops.length - 1), stop));
    brush.fillStyle = ramp;
    brush.fillRect(8 * ratio, (y - 12) * ratio, 160 * ratio, 10 * ratio);
    brush.fillStyle = look.color;
    write(legend.low, 8, y + 9, "left", 11);
    write(legend.high, 168, y + 9, "right", 11);
    write([legend.title, ...legend.lines, legend.warning].filter(Boolean).join("   "), 184, y - 6, "left", 12);
  }
  return sheet;
}

function group(label, parts) {
  const made = element("div", "group");
  made.setAttribute("role", "group");
  if (label) made.setAttribute("aria-label", label);
  made.append(...parts);
  return made;
}

function button(text, onClick) {
  const made = element("button", "", text);
  made.type = "button";
  made.addEventListener("click", onClick);
  return made;
}

function toggle(text, isOn, onChange) {
  const made = button(text, () => {
    const on = made.getAttribute("aria-pressed") !== "true";
    made.setAttribute("aria-pressed", String(on));
    onChange(on);
  });
  made.setAttribute("aria-pressed", String(Boolean(isOn)));
  return made;
}

function element(tag, name = "", text = "") {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text) made.textContent = text;
  return made;
}
