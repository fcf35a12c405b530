// Holds the vtk.js page for every viewer on this screen. It is a component of its own, because
// its megabyte never changes: Streamlit then sends it to a browser once, not with every scene.
export default function ({ data }) {
  window.specimenViewerShell = data.page;
  window.dispatchEvent(new Event("specimen-viewer-shell"));
}
