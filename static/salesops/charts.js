// Draws every .chart[data-figure] from the JSON beside it when it comes near the view, and again when colours change.
// A figure holds light colours; each is a token whose dark value is read from the stylesheet's custom properties.
(function () {
  "use strict";
  const TOKENS = {
    "#1f5fbf": "--series-1", "#b45309": "--series-2", "#0f766e": "--series-3", "#a21caf": "--series-4",
    "#4d7c0f": "--series-5", "#b91c1c": "--series-6", "#4338ca": "--series-7", "#475569": "--series-8",
    "#7b8794": "--previous", "#374151": "--plan", "#0f7a5a": "--good", "#b42318": "--bad",
    "rgba(31,95,191,0.26)": "--band-inner", "rgba(31,95,191,0.12)": "--band-outer",
  };
  const CONFIG = { displayModeBar: false, responsive: true, doubleClick: false, showTips: false, scrollZoom: false };
  const NARROW = 480;
  let waiting = [];

  function css(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }
  function coloured(value) {
    if (typeof value === "string") return TOKENS[value] ? css(TOKENS[value]) || value : value;
    if (Array.isArray(value)) return value.map(coloured);
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, coloured(inner)]));
    }
    return value;
  }
  function base(narrow) {
    const axis = {
      gridcolor: css("--line"), linecolor: css("--line"), zerolinecolor: css("--line-strong"), zerolinewidth: 1,
      tickfont: { color: css("--ink-3"), size: 12 }, fixedrange: true, automargin: true,
      title: { font: { color: css("--ink-2"), size: 12 } },
    };
    return {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", separators: ".,", autosize: true,
      font: { family: getComputedStyle(document.body).fontFamily, color: css("--ink-2"), size: 12 },
      margin: { l: 8, r: narrow ? 8 : 16, t: 12, b: 8, pad: 4 },
      hoverlabel: { bgcolor: css("--surface"), bordercolor: css("--line-strong"), font: { color: css("--ink"), size: 12 }, align: "left" },
      bargap: 0.32, bargroupgap: 0.06, dragmode: false,
      xaxis: { ...axis, showgrid: false, showline: true, ticks: "", nticks: narrow ? 5 : 12, tickangle: 0 },
      yaxis: { ...axis, showline: false, nticks: 6 },
    };
  }
  function merged(own, extra) {
    const out = { ...own };
    for (const [key, value] of Object.entries(extra || {})) {
      const both = value && typeof value === "object" && !Array.isArray(value) && out[key] && typeof out[key] === "object";
      out[key] = both ? merged(out[key], value) : value;
    }
    return out;
  }
  function layoutFor(figure, data, narrow) {
    const layout = merged(base(narrow), coloured(figure.layout));
    layout.showlegend = false; // the legend is HTML: it wraps, and a phone does not lose it
    const wide = data.some((trace) => trace.type === "funnel" || trace.type === "waterfall");
    if (narrow && wide) layout.margin.r = 44; // numbers stand outside the bars
    if (data.some((trace) => trace.type === "funnel")) layout.yaxis = { ...layout.yaxis, showgrid: false };
    if (data.some((trace) => trace.orientation === "h")) {
      layout.yaxis = { ...layout.yaxis, showgrid: false, showline: false, nticks: undefined };
      layout.xaxis = { ...layout.xaxis, showgrid: true, showline: false, gridcolor: css("--line") };
    }
    return layout;
  }
  function turned(data, layout) {
    // Under 480 px the names of upright bars do not fit side by side: the bars lie down, first on top.
    const bars = data.filter((trace) => trace.type === "bar" || trace.type === "waterfall");
    const long = bars.length && bars[0].x.some((name) => String(name).length > 8) && bars[0].x.length > 3;
    if (!long || bars.length !== data.length || bars[0].orientation === "h") return;
    for (const trace of bars) {
      [trace.x, trace.y] = [trace.y, trace.x];
      trace.orientation = "h";
      if (trace.hovertemplate) trace.hovertemplate = trace.hovertemplate.replace(/%\{x/g, "%{_").replace(/%\{y/g, "%{x").replace(/%\{_/g, "%{y");
    }
    [layout.xaxis, layout.yaxis] = [
      { ...layout.yaxis, nticks: 4, showgrid: true }, { ...layout.xaxis, autorange: "reversed", nticks: undefined, showline: false, tickangle: 0 },
    ];
    if (layout.hovermode === "x unified") layout.hovermode = "y unified";
  }
  function swatch(trace) {
    const colour = trace.fillcolor || (trace.line && trace.line.color) || (trace.marker && trace.marker.color) || css("--series-1");
    const dash = { dash: "5 3", dot: "2 3", dashdot: "6 3 2 3", longdash: "8 3" }[trace.line && trace.line.dash] || "";
    const flat = trace.fillcolor || trace.type === "bar";
    const ns = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(ns, "svg");
    svg.setAttribute("width", "20");
    svg.setAttribute("height", "10");
    const shape = document.createElementNS(ns, flat ? "rect" : "line");
    const given = flat
      ? { x: 3, y: 0, width: 14, height: 10, rx: 2, fill: colour }
      : { x1: 0, x2: 20, y1: 5, y2: 5, stroke: colour, "stroke-width": 2.5, "stroke-dasharray": dash };
    for (const [name, value] of Object.entries(given)) shape.setAttribute(name, value);
    svg.append(shape);
    return svg;
  }
  function legend(place, figure, data) {
    const list = document.querySelector('[data-legend="' + CSS.escape(place.id) + '"]');
    if (!list) return;
    list.replaceChildren();
    if (figure.layout.showlegend === false) return;
    for (const trace of data) {
      if (trace.showlegend === false) continue;
      const item = document.createElement("li");
      item.append(swatch(trace), trace.name || "");
      list.append(item);
    }
  }
  function draw(place) {
    const source = document.getElementById(place.dataset.figure);
    if (!source || !window.Plotly) return Promise.resolve();
    const figure = JSON.parse(source.textContent);
    const narrow = place.clientWidth < NARROW;
    const data = coloured(figure.data);
    const layout = layoutFor(figure, data, narrow);
    if (narrow) turned(data, layout);
    legend(place, figure, data);
    place.dataset.narrow = String(narrow);
    return window.Plotly.react(place, data, layout, CONFIG).then(() => {
      if (!place.dataset.done) place.on("plotly_click", follow);
      place.dataset.done = "1";
    });
  }
  function follow(event) {
    const point = event.points && event.points[0];
    if (point && typeof point.customdata === "string" && point.customdata.startsWith("/")) location.assign(point.customdata);
  }
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      watcher.unobserve(entry.target);
      waiting = waiting.filter((place) => place !== entry.target);
      draw(entry.target);
    }
  }, { rootMargin: "200px" });
  function watch(part) {
    for (const place of part.querySelectorAll(".chart[data-figure]:not([data-done])")) {
      waiting.push(place);
      watcher.observe(place);
    }
  }
  function drawAll() {
    const now = waiting;
    waiting = [];
    return Promise.all(now.map((place) => (watcher.unobserve(place), draw(place))));
  }
  function redraw() {
    for (const place of document.querySelectorAll(".chart[data-done]")) draw(place);
  }

  watch(document);
  document.addEventListener("htmx:afterSettle", (event) => watch(event.target));
  document.addEventListener("htmx:beforeCleanupElement", (event) => {
    if (event.target.matches && event.target.matches(".chart[data-done]")) window.Plotly.purge(event.target);
  });
  document.addEventListener("theme:changed", redraw);
  window.addEventListener("beforeprint", drawAll);
  window.addEventListener("resize", () => {
    for (const place of document.querySelectorAll(".chart[data-done]")) {
      if (String(place.clientWidth < NARROW) !== place.dataset.narrow) draw(place);
    }
  });
  window.salesopsCharts = { drawAll: drawAll };
})();
