// One card: a picture with words, which gallery.js and long_gallery.js set side by side. `act` holds the
// actions of its parts: pick(event, item), open(item), tick(event, item), side(item).
function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function picture(item, words) {
  if (!item.image) return element("div", "picture missing", words.missing);
  const made = element("img", "picture");
  made.src = item.image;
  made.alt = "";
  made.loading = "lazy";
  return made;
}

// Names of files are long: they break after an underscore rather than anywhere.
const breakable = (text) => text.replaceAll("_", "_\u200b");

function corner(className, label, item) {
  const made = element("button", className);
  made.type = "button";
  made.title = label;
  made.setAttribute("aria-label", `${label}: ${item.id}`);
  return made;
}

function card(item, data, act) {
  const made = element("div", ["card", item.chosen && "chosen", item.ticked && "ticked"].filter(Boolean).join(" "));
  const pick = element("button", "pick");
  pick.type = "button";
  pick.title = item.id;
  pick.dataset.specimen = item.id;
  pick.setAttribute("aria-label", [item.badge, item.id, item.value].filter(Boolean).join(", "));
  pick.append(picture(item, data.words));
  pick.onclick = (event) => act.pick(event, item);
  made.append(pick);
  if (data.compact) return made;
  const words = element("div", "words");
  words.append(element("div", "title", breakable(item.title)), element("div", "subtitle", item.subtitle));
  pick.append(words);
  if (item.badge) made.append(element("span", "badge", item.badge));
  if (item.value) made.append(element("span", "value", item.value));
  const tools = element("div", "tools");
  const open = corner("open", data.words.open, item);
  open.onclick = () => act.open(item);
  const tick = corner("tick", data.words.tick, item);
  tick.setAttribute("aria-pressed", item.ticked ? "true" : "false");
  tick.onclick = (event) => act.tick(event, item);
  tools.append(open, tick);
  made.append(tools);
  if (data.side) {
    const side = element("button", "side", item.beside ? data.sideOn : data.side);
    side.type = "button";
    side.setAttribute("aria-pressed", item.beside ? "true" : "false");
    side.setAttribute("aria-label", `${data.side}: ${item.id}`);
    side.onclick = () => act.side(item);
    made.append(side);
  }
  return made;
}
