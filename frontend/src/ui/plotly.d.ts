/** The few functions that are used of a library that ships no types. */
declare module "plotly.js-cartesian-dist-min" {
  const Plotly: {
    react(node: HTMLElement, data: object[], layout: object, config: object): Promise<unknown>;
    purge(node: HTMLElement): void;
  };
  export default Plotly;
}
