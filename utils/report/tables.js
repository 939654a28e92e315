// The tables of the overview and of the yield.

function table(columns, rows) {
  const head = columns.map(([name, numeric, below]) =>
    el("th", { class: numeric ? "number" : undefined }, el("span", { text: name }), below ? el("span", { class: "sub", text: below }) : null));
  const body = rows.map((cells) => el("tr", {}, ...cells.map((cell, index) => {
    const [text, below] = Array.isArray(cell) ? cell : [cell];
    return el("td", { class: columns[index][1] ? "number" : "name" }, el("span", { text }), below ? el("span", { class: "sub", text: below }) : null);
  })));
  return el("div", { class: "scroll" }, el("table", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...body)));
}

const counted = (pairs) => pairs.map(([name, count]) => `${name} ${number(count)}`).join(", ") || "–";

function fileTable() {
  const columns = [["File"], ["Kind"], ["Rows", 1], ["Rejected", 1], ["Repeated", 1], ["Same code before", 1], ["Incomplete", 1], ["Models"], ["Styles"]];
  return el("div", { class: "card" }, el("h3", { text: "Files" }),
    el("p", { class: "note", text: "Rejected: by the stage that wrote the file. Repeated: samples whose texts stood in the file before. Incomplete: rows that lack a text." }),
    table(columns, DATA.files.map((file) => [
      [file.label, file.path], file.kind, number(file.rows), number(file.rejected), number(file.repeated), number(file.same_code),
      number(file.incomplete), counted(file.models), counted(file.styles)])));
}

function tokenTable() {
  const columns = [["File"], ["Text"], ["Median", 1], ["95th percentile", 1], ["Longest", 1], [`Over ${number(DATA.cutoff_len)}`, 1]];
  let last = null;
  const rows = DATA.tokens.map((line) => {
    const label = line.label === last ? "" : line.label;
    last = line.label;
    return [label, line.part, number(line.median), number(line.p95), number(line.max), percent(line.over)];
  });
  return el("div", { class: "card" }, el("h3", { text: "Token lengths" }),
    el("p", { class: "note", text: `Estimated: ${DATA.token_method}.` }), table(columns, rows));
}

function diversityTable() {
  const { files, rows, note } = DATA.diversity;
  return el("div", { class: "card" }, el("h3", { text: "Measures of diversity" }), el("p", { class: "note", text: note }),
    table([["Measure"], ...files.map((file) => [file, 1])], rows));
}

function runTable() {
  if (!DATA.runs.length) return null;
  const columns = [["File"], ["Sandbox"], ["Python"], ["Rows run", 1], ["Rows tested", 1], ["Same output", 1], ["Repeatable", 1], ["Not runnable", 1]];
  return el("div", { class: "card" }, el("h3", { text: "Rows that were run" }),
    el("p", { class: "note", text: "Run: the programs before and after, each by itself. Tested: by tests that a model wrote. Repeatable: each program did the same every time." }),
    table(columns, DATA.runs.map((cells) => cells.map((cell) => (typeof cell === "string" ? cell : number(cell))))));
}

function agreementTable() {
  const { lines, note } = DATA.agreement;
  if (!lines.length) return null;
  const columns = [["File"], ["Judges"], ["Verified", 1], ["Contradicted", 1], ["Vacuous", 1], ["Untestable", 1]];
  return el("div", { class: "card", id: "agreement" }, el("h3", { text: "Judges and tests" }),
    el("p", { class: "note", text: `What tests say of rows that more than half of the judges passed, and of the others. ${note}` }),
    table(columns, lines.map((cells) => cells.map((cell) => (typeof cell === "number" ? number(cell) : cell)))));
}

function tiles() {
  const files = DATA.files.filter((file) => DATA.focus.includes(file.label));
  return files.slice(0, 3).map((file) => {
    const length = DATA.tokens.filter((line) => line.label === file.label).pop();
    const tile = (name, value, more) => el("div", { class: "tile" }, el("div", { class: "name", text: name }),
      el("div", { class: "value", text: value }), el("div", { class: "more", text: more || "" }));
    return el("div", { class: "tiles" },
      tile("Rows", number(file.rows), file.label),
      tile("Models", number(file.models.length), counted(file.models)),
      tile("Styles", number(file.styles.length), counted(file.styles)),
      tile("Median tokens", number(length.median), `${number(length.p95)} at the 95th percentile`),
      tile(`Over ${number(DATA.cutoff_len)} tokens`, percent(length.over), length.part),
      tile("Repeated", number(file.repeated), percent(file.repeated / file.rows)),
      tile("Rejected", number(file.rejected), file.rejected === null ? "no summary beside it" : `${percent(file.rejected / file.judged)} of what was judged`));
  });
}

// A row a file, each after those it was made of; a column a group.
function yieldTable(name) {
  const { steps, tables } = DATA.yield;
  const groups = tables[name];
  const columns = [["File"], ["Made of"], ...groups.map((group) => [name === "all" ? "Rows" : words(group.name), 1])];
  const origin = (step) => {
    const more = [step.assumed ? "assumed: no summary names it" : "", step.askings > 1 ? `${step.askings} replies to each` : "",
      step.consulted.length ? `by ${step.consulted.join(", ")}` : ""].filter(Boolean);
    return [step.of.join(", ") || "–", more.join("; ")];
  };
  return table(columns, steps.map((step, index) => [[step.name, step.kind], origin(step), ...groups.map((group) => {
    const [count, base, share] = [group.counts[index], group.bases[index], group.shares[index]];
    return [number(count), share === null || count === null ? "" : `${percent(share)} of ${number(base)}`];
  })]));
}

function costTable(name) {
  const columns = [[name === "all" ? "" : words(name)], ["Kept rows", 1], ["Tokens out per kept row", 1], ["Cost per kept row", 1], ["Cost", 1]];
  return table(columns, DATA.yield.tables[name].map((row) =>
    [row.name, number(row.kept), number(row.tokens_per_kept), money(row.cost_per_kept), money(row.cost)]));
}

function yieldCard() {
  const { tables, unpriced, spent, final } = DATA.yield;
  const place = el("div");
  const buttons = Object.keys(tables).map((name) => el("button", { type: "button", "data-by": name,
    text: name === "all" ? "All" : `By ${words(name)}`, on: { click: () => choose(name) } }));
  const costs = `Kept: rows of ${final.join(", ")}. Costs are in the currency of the model map; a reply that serves several styles costs each an equal part.`
    + (unpriced.length ? ` No price is known for ${unpriced.join(", ")}.` : "");
  function choose(name) {
    buttons.forEach((button) => button.classList.toggle("on", button.dataset.by === name));
    place.replaceChildren(yieldTable(name), ...(spent ? [el("h3", { class: "later", text: "What a kept row cost" }), el("p", { class: "note", text: costs }), costTable(name)] : []));
  }
  choose("all");
  const note = "Rows, and below them the share of those they were made of, which is what each file's summary names. A triplet can give a row for each of its styles; a row that can't have come from a file is no part of the share.";
  return el("div", { class: "card" }, el("h3", { text: "File by file" }), el("p", { class: "note", text: note }),
    el("div", { class: "segments" }, ...buttons), place);
}
