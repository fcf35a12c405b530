// Two buttons under a plot that save it as it is on the screen, by Plotly's own exporter.
const TIMES_AS_FINE = 3;

function groundOf(element) {
  // Plots have no background; in a file the words of a dark theme would stand on white.
  for (let at = element; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (colour && colour !== "transparent" && !colour.endsWith(", 0)")) return colour;
  }
  return "#ffffff";
}

function save(plot, format, file) {
  const { width, height } = plot._fullLayout;
  const scale = format === "png" ? TIMES_AS_FINE : 1;
  const before = plot.layout.paper_bgcolor;
  plot.layout.paper_bgcolor = groundOf(plot);
  try {
    // It copies the plot before it returns.
    return window.Plotly.downloadImage(plot, { format, filename: file, width, height, scale });
  } finally {
    plot.layout.paper_bgcolor = before;
  }
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".save");
  root.replaceChildren(
    ...Object.entries(data.buttons).map(([format, label]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = format.toUpperCase();
      button.title = label;
      button.setAttribute("aria-label", `${format.toUpperCase()}: ${label}`);
      button.onclick = () => {
        const plot = document.querySelector(`.st-key-${CSS.escape(data.chart)} .js-plotly-plot`);
        if (plot?._fullLayout) save(plot, format, data.file);
      };
      return button;
    }),
  );
}
