// Notices on the desktop, if the browser allows them. Several tabs of one browser show each notice once.
const SHOWN = "fossilvit-notices";

function claim(id) {
  try {
    const shown = JSON.parse(localStorage.getItem(SHOWN) || "[]");
    if (shown.includes(id)) return false;
    localStorage.setItem(SHOWN, JSON.stringify([...shown, id].slice(-50)));
  } catch {
    // Without storage each tab shows its own; the tag below lets the desktop merge them.
  }
  return true;
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".notices");
  root.replaceChildren();
  if (!("Notification" in window)) return;
  if (Notification.permission === "granted") {
    for (const notice of data.notices) {
      if (claim(notice.id)) new Notification(notice.title, { body: notice.body, tag: notice.id });
    }
  } else if (Notification.permission === "default" && data.ask) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = data.ask;
    button.onclick = async () => {
      const answer = await Notification.requestPermission();
      button.replaceWith(answer === "granted" ? data.on : "");
    };
    root.append(button);
  }
}
