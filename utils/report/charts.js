// One function a kind of figure; each gives back an element.

function barsChart(figure) {
  const names = Object.keys(figure.series);
  const top = Math.max(1e-9, ...names.flatMap((name) => figure.series[name]));
  const detailed = figure.details.some(Boolean);
  const byFile = names.length === 1 && ofFiles(figure.labels);
  const shown = (value) => (value === null ? "–" : figure.unit === "%" ? `${value.toFixed(1)}%` : number(value));
  const rows = figure.labels.map((label, row) => {
    const known = names.filter((name) => figure.series[name][row] !== null);
    return el("div", { class: "bar-row" },
      el("span", { class: "label", text: label }),
      detailed ? el("span", { class: "detail", text: figure.details[row], tip: figure.details[row] || label }) : null,
      el("div", { class: "track" }, ...(known.length ? known : names.slice(0, 1)).map((name) => {
        const value = figure.series[name][row];
        const color = byFile ? colorOf(label, 0) : colorOf(name, figure.order.indexOf(name));
        return el("div", { class: "bar", tip: `${[label, name].filter(Boolean).join(", ")}: ${shown(value)}` },
          el("i", { css: { width: `${(82 * value) / top}%`, background: color } }),
          el("span", { text: shown(value) }));
      })));
  });
  return el("div", { class: detailed ? "bars detailed" : "bars" }, ...rows);
}

function histogramChart(figure) {
  const names = Object.keys(figure.series);
  return el("div", {}, ...names.flatMap((name) => [
    names.length > 1 ? el("div", { class: "panel-name", text: name }) : null,
    histogramPanel(figure, figure.series[name], colorOf(name, figure.order.indexOf(name))),
  ]));
}

const LETTER = 6.4; // the widest digit of the labels, in units of the drawing

function histogramPanel(figure, counts, color) {
  const [width, height, left, bottom] = [390, 150, 34, 20];
  const { edges } = figure;
  const last = edges[edges.length - 1];
  const top = Math.max(...counts, 1);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const x = (value) => left + ((width - left) * value) / last;
  const y = (count) => height - bottom - ((height - bottom - 26) * count) / top;
  const columns = counts.map((count, bin) => {
    const high = edges[bin + 1] - 1;
    const range = bin === counts.length - 1 ? `${edges[bin]} or more` : edges[bin] === high ? `${high}` : `${edges[bin]}–${high}`;
    return count ? svg("rect", {
      class: "column", x: x(edges[bin]) + 0.75, width: Math.max(1, x(edges[bin + 1]) - x(edges[bin]) - 1.5),
      y: y(count), height: height - bottom - y(count), rx: 1.5, fill: color,
      tip: `${range} ${figure.unit}: ${number(count)} (${percent(count / total)})`,
    }) : null;
  });
  const beyond = `≥ ${number(last - edges[1])}`;
  const room = width - LETTER * beyond.length - 8;
  const middle = edges[1] === 1 ? 0.5 : 0; // a bin of one value is named in its middle
  const ticks = [svg("text", { class: "tick", x: width, y: height - 5, "text-anchor": "end", text: beyond })];
  const step = edges[1] * Math.max(1, Math.ceil(edges.length / 7));
  let free = 0;
  for (let value = 0; value < last - edges[1]; value += step) {
    const half = (LETTER * number(value).length) / 2;
    if (x(value + middle) - half < free || x(value + middle) + half > room) continue;
    free = x(value + middle) + half + 8;
    ticks.push(svg("text", { class: "tick", x: x(value + middle), y: height - 5, "text-anchor": "middle", text: number(value) }));
  }
  // The limit is named above the columns, on whichever side of its line has room.
  const end = x(figure.limit + 1);
  const isLeft = end > (left + width) / 2;
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${figure.title}: histogram` },
    svg("line", { class: "axis", x1: left, x2: width, y1: height - bottom, y2: height - bottom }),
    svg("text", { class: "tick", x: left - 6, y: y(top) + 4, "text-anchor": "end", text: number(top) }),
    svg("text", { class: "tick", x: left - 6, y: height - bottom, "text-anchor": "end", text: "0" }),
    ...columns, ...ticks,
    svg("line", { class: "limit", x1: end, x2: end, y1: 4, y2: height - bottom }),
    svg("text", { class: "limit-name", x: end + (isLeft ? -5 : 5), y: 12, "text-anchor": isLeft ? "end" : "start", text: `${words(figure.limit_name)} ${number(figure.limit)}` }));
}

function scatterChart(figure, openSample) {
  const size = 640;
  const place = (share) => 8 + (size - 16) * share;
  const embedded = new Set(DATA.samples.map((sample) => sample.id));
  const layers = figure.groups.map(() => svg("g"));
  for (const [x, y, group, id, text] of figure.points)
    layers[group].append(svg("circle", {
      class: embedded.has(id) ? "dot embedded" : "dot", cx: place(x), cy: place(1 - y), r: embedded.has(id) ? 4.5 : 3.6,
      fill: series(group), tip: text, on: embedded.has(id) ? { click: () => openSample(id) } : {},
    }));
  const keys = figure.groups.map((name, index) => {
    const button = el("button", { type: "button", class: "key", on: { click: () => {
      const off = button.classList.toggle("off");
      layers[index].style.display = off ? "none" : "";
    } } }, el("i", { css: { background: series(index) } }), el("span", { text: name || "all" }));
    return button;
  });
  return el("div", {}, el("div", { class: "legend" }, ...keys),
    el("div", { class: "round" }, svg("svg", { viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": figure.title }, ...[...layers].reverse())));
}

function arc(center, inner, outer, from, to) {
  const at = (radius, turn) =>
    `${center + radius * Math.sin(2 * Math.PI * turn)} ${center - radius * Math.cos(2 * Math.PI * turn)}`;
  const end = Math.min(to, from + 0.99999);
  const large = end - from > 0.5 ? 1 : 0;
  return `M${at(inner, from)}L${at(outer, from)}A${outer} ${outer} 0 ${large} 1 ${at(outer, end)}L${at(inner, end)}A${inner} ${inner} 0 ${large} 0 ${at(inner, from)}Z`;
}

function sunburstChart(figure) {
  const [size, hole, ring, rim] = [640, 70, 185, 310];
  const center = size / 2;
  const total = figure.slices.reduce((sum, slice) => sum + slice.count, 0);
  const parts = [];
  const label = (name, text, radius, turn, share, room) => {
    const degrees = 360 * turn;
    const flip = degrees > 180;
    const fits = Math.floor(room / 6.2);
    if (share * 2 * Math.PI * radius < 11 || fits < 2) return null;
    return svg("text", {
      class: name, x: center, y: center, "text-anchor": "middle", dy: "0.35em", text: text.length > fits ? `${text.slice(0, fits - 1)}…` : text,
      transform: `rotate(${degrees + (flip ? 90 : -90)} ${center} ${center}) translate(${flip ? -radius : radius} 0)`,
    });
  };
  let from = 0;
  figure.slices.forEach((slice, index) => {
    const share = slice.count / total;
    const color = series(index % 8);
    const said = `${slice.name}: ${number(slice.count)} (${percent(slice.count / figure.total)} of instructions with a verb)`;
    parts.push(svg("path", { class: "slice", d: arc(center, hole, ring, from, from + share), fill: color, tip: said }));
    parts.push(label("slice-name", slice.name, (hole + ring) / 2, from + share / 2, share, ring - hole - 12));
    let start = from;
    for (const [noun, count] of slice.parts) {
      const part = count / total;
      parts.push(svg("path", { class: "slice", d: arc(center, ring, rim, start, start + part), fill: color, "fill-opacity": 0.3, tip: `${slice.name} ${noun}: ${number(count)}` }));
      parts.push(label("part-name", noun, (ring + rim) / 2, start + part / 2, part, rim - ring - 12));
      start += part;
    }
    from += share;
  });
  return el("div", { class: "round" }, svg("svg", { viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": figure.title }, ...parts,
    svg("text", { class: "center", x: center, y: center + 4, text: number(figure.total) }),
    svg("text", { x: center, y: center + 22, "text-anchor": "middle", text: "instructions" })));
}

const CHARTS = { bars: barsChart, histogram: histogramChart, scatter: scatterChart, sunburst: sunburstChart };

// Which of several files or series a figure shows: each name of its legend is a switch. Of many
// files the latest are on at first.
const MANY_FILES = 5;

function switches(names, draw, off = names.length > MANY_FILES && ofFiles(names) ? names.slice(0, 1 - MANY_FILES) : []) {
  const hidden = new Set(off);
  draw(names.filter((each) => !hidden.has(each)));
  return el("div", { class: "legend" }, ...names.map((name, index) => {
    const button = el("button", { type: "button", class: hidden.has(name) ? "key off" : "key", "aria-pressed": String(!hidden.has(name)), on: { click: () => {
      if (!hidden.delete(name) && hidden.size < names.length - 1) hidden.add(name);
      button.classList.toggle("off", hidden.has(name));
      button.setAttribute("aria-pressed", String(!hidden.has(name)));
      draw(names.filter((each) => !hidden.has(each)));
    } } }, el("i", { css: { background: colorOf(name, index) } }), el("span", { text: name }));
    return button;
  }));
}

function withLabels(figure, names) {
  const rows = figure.labels.flatMap((label, row) => (names.includes(label) ? [row] : []));
  const pick = (values) => rows.map((row) => values[row]);
  const picked = Object.entries(figure.series).map(([name, values]) => [name, pick(values)]);
  return { ...figure, labels: pick(figure.labels), details: figure.details.length ? pick(figure.details) : [], series: Object.fromEntries(picked) };
}

function withSeries(figure, names) {
  return { ...figure, series: Object.fromEntries(names.map((name) => [name, figure.series[name]])) };
}

function drawnFigure(figure, openSample) {
  const names = Object.keys(figure.series || {});
  const ordered = { ...figure, order: names };
  const place = el("div");
  const choose = (narrowed) => place.replaceChildren(CHARTS[figure.kind](narrowed, openSample));
  if (names.length > 1) return [switches(names, (shown) => choose(withSeries(ordered, shown))), place];
  if (figure.kind === "bars" && figure.labels.length > 1 && ofFiles(figure.labels)) {
    return [switches(figure.labels, (shown) => choose(withLabels(ordered, shown)), []), place];
  }
  choose(ordered);
  return [place];
}

// One card for the figures that several files have of one kind; the latest file's is shown first.
function figureCard(figures, openSample) {
  const card = el("div", { class: "card figure" });
  const show = (figure) => {
    card.id = `figure-${figure.key}`;
    card.replaceChildren(...(figures.length > 1 ? [chooser] : []), el("h3", { text: figure.title }), el("p", { class: "note", text: figure.note }),
      ...drawnFigure(figure, openSample));
  };
  const chooser = el("select", { class: "choice", "aria-label": "File", on: { change: () => show(figures[chooser.selectedIndex]) } },
    ...figures.map((figure) => el("option", { text: figure.file })));
  chooser.selectedIndex = figures.length - 1;
  show(figures[figures.length - 1]);
  return card;
}

function figureCards(figures, openSample) {
  const families = new Map();
  for (const figure of figures) {
    const name = figure.file ? figure.family : figure.key;
    families.set(name, [...(families.get(name) || []), figure]);
  }
  return [...families.values()].map((family) => figureCard(family, openSample));
}
