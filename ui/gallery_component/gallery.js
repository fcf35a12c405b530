// Cards with pictures. A click on a card sends {id, action: "pick"}, on its lower button "side".
function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function picture(item) {
  if (!item.image) return element("div", "picture missing", "no picture");
  const made = element("img", "picture");
  made.src = item.image;
  made.alt = "";
  made.loading = "lazy";
  return made;
}

function card(item, data, send) {
  const made = element("div", item.chosen ? "card chosen" : "card");
  const pick = element("button", "pick");
  pick.type = "button";
  pick.title = item.id;
  pick.dataset.specimen = item.id;
  pick.setAttribute("aria-label", [item.badge, item.id, item.value].filter(Boolean).join(", "));
  pick.append(picture(item));
  const words = element("div", "words");
  // Names of files are long; let them break after an underscore rather than anywhere.
  const title = item.title.replaceAll("_", "_\u200b");
  words.append(element("div", "title", title), element("div", "subtitle", item.subtitle));
  pick.append(words);
  pick.onclick = () => send(item.id, "pick");
  made.append(pick);
  if (item.badge) made.append(element("span", "badge", item.badge));
  if (item.value) made.append(element("span", "value", item.value));
  if (data.side) {
    const side = element("button", "side", item.beside ? data.sideOn : data.side);
    side.type = "button";
    side.setAttribute("aria-pressed", item.beside ? "true" : "false");
    side.setAttribute("aria-label", `${data.side}: ${item.id}`);
    side.onclick = () => send(item.id, "side");
    made.append(side);
  }
  return made;
}

function moveFocus(event, grid) {
  const steps = { ArrowRight: 1, ArrowLeft: -1 };
  const step = steps[event.key];
  const buttons = [...grid.querySelectorAll(".pick")];
  const at = buttons.indexOf(event.target.closest(".pick"));
  if (step === undefined || at < 0) return;
  const next = buttons[at + step];
  if (next) next.focus();
  event.preventDefault();
}

export default function ({ data, setTriggerValue, parentElement }) {
  const grid = parentElement.querySelector(".grid");
  const send = (id, action) => setTriggerValue("picked", { id, action });
  grid.style.setProperty("--card", `${data.width}px`);
  grid.setAttribute("aria-label", data.label);
  grid.replaceChildren(...data.items.map((item) => card(item, data, send)));
  grid.onkeydown = (event) => moveFocus(event, grid);
}
