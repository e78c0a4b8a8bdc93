import type { ReactNode } from "react";

interface Props {
  title: string;
  says: ReactNode;
  children: ReactNode;
}

/** One thing to know of the models: what it is, in a sentence, then itself. */
export function Block({ title, says, children }: Props) {
  return (
    <section className="panel panel-body stack" aria-label={title}>
      <div>
        <h2>{title}</h2>
        <p className="soft small">{says}</p>
      </div>
      {children}
    </section>
  );
}
