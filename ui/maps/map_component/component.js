
// The app's side of the map: what it sends to Python, and pictures that come from the loader beside it.
const shown = new WeakMap();

export default function ({ data, setTriggerValue, parentElement }) {
  const root = parentElement.querySelector(".map");
  let here = shown.get(root);
  if (!here) {
    const ask = (ids) => window.dispatchEvent(new CustomEvent("specimen-pictures-wanted", { detail: ids }));
    here = { send: setTriggerValue };
    here.map = mountMap(root, (message) => here.send("told", message), ask);
    here.receive = (event) => here.map.pictures(event.detail);
    window.addEventListener("specimen-pictures", here.receive);
    shown.set(root, here);
    root.whereIs = here.map.whereIs;
  }
  here.send = setTriggerValue;
  here.map.show(data);
  return () => {
    // Drawing again in the same place does not end the map.
    setTimeout(() => {
      if (root.isConnected) return;
      window.removeEventListener("specimen-pictures", here.receive);
      here.map.close();
      shown.delete(root);
    }, 1000);
  };
}
