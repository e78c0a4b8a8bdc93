/** The figure's layout with the page's colours and type; what it shows stays the server's. */
export function themedLayout(node: HTMLElement, layout: Record<string, unknown>): Record<string, unknown> {
  const style = getComputedStyle(node);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis = { gridcolor: colour("--line"), linecolor: colour("--line-strong"), zerolinecolor: colour("--line-strong"), automargin: true };
  const axes = Object.fromEntries(axisNames(layout).map((name) => [name, { ...(layout[name] as object | undefined), ...axis }]));
  return {
    ...layout,
    ...axes,
    // The server's template is white whatever the system says.
    template: undefined,
    paper_bgcolor: "transparent",
    plot_bgcolor: "transparent",
    font: { family: style.fontFamily, size: 12, color: colour("--ink-soft") },
    hoverlabel: { bgcolor: colour("--surface"), bordercolor: colour("--line-strong"), font: { color: colour("--ink") } },
    autosize: true,
    width: undefined,
  };
}

function axisNames(layout: Record<string, unknown>): string[] {
  return [...new Set(["xaxis", "yaxis", ...Object.keys(layout).filter((name) => /^[xy]axis\d*$/.test(name))])];
}
