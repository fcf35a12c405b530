// Keys of the whole page: "/" goes to the field that finds a specimen, others are sent as {key}.
// Keys pressed in a field, on a slider or in the 3D viewer are left alone.
const KEEPS = "input, textarea, select, canvas, [contenteditable=true], [role=slider], [role=tab], [role=radio], [role=listbox], [role=menu], [role=grid], .grid, .wall";

function isKept(event) {
  return event.composedPath().some((one) => one instanceof Element && one.matches(KEEPS));
}

const handlers = new WeakMap();

export default function ({ data, setTriggerValue, parentElement }) {
  const act = (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isKept(event)) return;
    if (event.key === "/") {
      const field = document.querySelector(data.find);
      if (!field) return;
      event.preventDefault();
      field.focus();
      field.select();
    } else if (data.keys.includes(event.key)) {
      event.preventDefault();
      setTriggerValue("pressed", { key: event.key });
    }
  };
  const before = handlers.get(parentElement);
  if (before) document.removeEventListener("keydown", before);
  handlers.set(parentElement, act);
  document.addEventListener("keydown", act);
  if (data.language) document.documentElement.lang = data.language;
  return () => document.removeEventListener("keydown", act);
}
