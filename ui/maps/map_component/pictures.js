// Fetches the pictures that a map asks for: many requests at once, each picture once.
const loaders = new WeakMap();

export default function ({ data, setTriggerValue, parentElement }) {
  const root = parentElement.querySelector(".loader");
  let here = loaders.get(root);
  if (!here) {
    here = { waiting: new Set(), timer: 0 };
    here.listen = (event) => {
      for (const id of event.detail) here.waiting.add(id);
      clearTimeout(here.timer);
      here.timer = setTimeout(() => {
        here.send("wanted", [...here.waiting]);
        here.waiting.clear();
      }, 60);
    };
    window.addEventListener("specimen-pictures-wanted", here.listen);
    loaders.set(root, here);
  }
  here.send = setTriggerValue;
  if (Object.keys(data.pictures).length) {
    window.dispatchEvent(new CustomEvent("specimen-pictures", { detail: data.pictures }));
  }
  return () => {
    setTimeout(() => {
      if (root.isConnected) return;
      window.removeEventListener("specimen-pictures-wanted", here.listen);
      loaders.delete(root);
    }, 1000);
  };
}
