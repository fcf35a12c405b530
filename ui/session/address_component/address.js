// A value in the browser's address that is no step of its history: back and forward skip it.
const listeners = new WeakMap();

export default function ({ data, parentElement }) {
  const write = () => {
    const address = new URL(window.location.href);
    if ((address.searchParams.get(data.name) ?? "") === data.value) return;
    if (data.value) address.searchParams.set(data.name, data.value);
    else address.searchParams.delete(data.name);
    window.history.replaceState(window.history.state, "", address);
  };
  const before = listeners.get(parentElement);
  if (before) window.removeEventListener("popstate", before);
  listeners.set(parentElement, write);
  // Steps back lead to addresses of an earlier time.
  window.addEventListener("popstate", write);
  write();
  return () => window.removeEventListener("popstate", write);
}
