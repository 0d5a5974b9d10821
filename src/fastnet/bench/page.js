// What a report does beyond being read: values under the pointer or the arrow keys, a choice of charts, sorted tables,
// the data as a file. Without it everything is there, and still.
"use strict";

function element(tag, className, parent, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return parent.appendChild(made);
}

for (const plot of document.querySelectorAll("[data-chart]")) {
  const series = JSON.parse(plot.dataset.chart);
  const places = [...new Set(series.flatMap((one) => one.points.map((point) => point[0])))].sort((a, b) => a - b);
  let at = -1, cursor, tip;

  function show(index) {
    at = Math.min(Math.max(index, 0), places.length - 1);
    hide();
    cursor = element("i", "cursor", plot);
    cursor.style.left = places[at] + "%";
    tip = element("div", "tip", plot);
    tip.setAttribute("role", "status");
    tip.style[places[at] > 50 ? "right" : "left"] = (places[at] > 50 ? 100 - places[at] : places[at]) + "%";
    const rows = series.map((one) => [one, one.points.find((point) => point[0] === places[at])])
      .filter((row) => row[1]).sort((a, b) => a[1][1] - b[1][1]);
    if (rows.length) element("b", "", tip, rows[0][1][3]);
    for (const [one, point] of rows) {
      const row = element("span", "", tip);
      element("i", "key s" + one.colour, row);
      row.append(one.name);
      element("em", "", row, point[2]);
    }
  }
  function hide() {
    if (cursor) cursor.remove();
    if (tip) tip.remove();
    cursor = tip = undefined;
  }
  function nearest(event) {
    const box = plot.getBoundingClientRect(), x = (event.clientX - box.left) / box.width * 100;
    let best = 0;
    places.forEach((place, i) => { if (Math.abs(place - x) < Math.abs(places[best] - x)) best = i; });
    return best;
  }
  plot.addEventListener("pointermove", (event) => show(nearest(event)));
  plot.addEventListener("pointerleave", hide);
  plot.addEventListener("focus", () => { if (!tip) show(at < 0 ? places.length - 1 : at); });
  plot.addEventListener("blur", hide);
  plot.addEventListener("keydown", (event) => {
    const to = {ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: places.length - 1}[event.key];
    if (event.key === "Escape") hide();
    if (to === undefined) return;
    event.preventDefault();
    show(to);
  });
}

for (const chosen of document.querySelectorAll("[data-choose]")) {
  const panels = [...document.querySelectorAll(`[data-panel="${chosen.dataset.choose}"]`)];
  const pick = () => {
    const value = chosen.querySelector("input:checked").value;
    for (const panel of panels) panel.hidden = panel.dataset.value !== value;
  };
  chosen.hidden = false;
  chosen.addEventListener("change", pick);
  pick();
}

for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
      const order = (a, b) => {
        const x = value(a), y = value(b);
        if (x === "" || y === "") return (x === "") - (y === "");
        return (isNaN(x) || isNaN(y) ? x.localeCompare(y) : x - y) * (up ? 1 : -1);
      };
      body.append(...[...body.rows].sort(order));
    });
  });
}

for (const link of document.querySelectorAll("a[download]")) {
  const text = document.getElementById("data").textContent;
  link.href = URL.createObjectURL(new Blob([text], {type: "application/json"}));
}
