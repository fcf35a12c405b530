// A grid of cards. A click on a card sends {id, action: "pick"}, on its lower button "side", on its corner
// "open"; ticks send {ids, action: "tick" or "untick"}.
// Actions of clicks. A range begins at the last card touched.
function actions(data, grid, send) {
  const tickThese = (items, on) => send({ ids: items.map((item) => item.id), action: on ? "tick" : "untick" });
  const act = {
    tick(event, item) {
      const from = data.items.findIndex((other) => other.id === grid.dataset.last);
      const to = data.items.indexOf(item);
      grid.dataset.last = item.id;
      if (event.shiftKey && from >= 0) tickThese(data.items.slice(Math.min(from, to), Math.max(from, to) + 1), true);
      else tickThese([item], !item.ticked);
    },
    pick(event, item) {
      if (!data.compact && (event.shiftKey || event.ctrlKey || event.metaKey)) act.tick(event, item);
      else {
        grid.dataset.last = item.id;
        send({ id: item.id, action: "pick" });
      }
    },
    open: (item) => send({ id: item.id, action: "open" }),
    side: (item) => send({ id: item.id, action: "side" }),
  };
  return act;
}

function moveFocus(event, grid) {
  const buttons = [...grid.querySelectorAll(".pick")];
  const at = buttons.indexOf(event.target.closest(".pick"));
  if (at < 0) return;
  const top = buttons[0].getBoundingClientRect().top;
  const columns = Math.max(1, buttons.filter((one) => one.getBoundingClientRect().top === top).length);
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
  if (steps[event.key] === undefined) return;
  const next = buttons[at + steps[event.key]];
  if (next) next.focus();
  event.preventDefault();
}

export default function ({ data, setTriggerValue, parentElement }) {
  const grid = parentElement.querySelector(".grid");
  const act = actions(data, grid, (what) => setTriggerValue("picked", what));
  grid.style.setProperty("--card", `${data.width}px`);
  grid.setAttribute("aria-label", data.label);
  grid.classList.toggle("compact", data.compact);
  grid.replaceChildren(...data.items.map((item) => card(item, data, act)));
  grid.onkeydown = (event) => moveFocus(event, grid);
}
