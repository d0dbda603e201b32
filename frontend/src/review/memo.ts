/** A part of the page that is drawn again only when one of its properties is another one. */
import { Component, type ComponentChild, type FunctionComponent, h } from "preact";

export function memo<P extends object>(Part: FunctionComponent<P>): new (props: P) => Component<P> {
  return class extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      const before = this.props as Record<string, unknown>;
      const after = next as Record<string, unknown>;
      const names = new Set([...Object.keys(before), ...Object.keys(after)]);
      return [...names].some((name) => before[name] !== after[name]);
    }

    override render(): ComponentChild {
      return h(Part, this.props as P);
    }
  };
}
