import { useId, type ReactElement, type ReactNode } from "react";

interface Props {
  label: string;
  hint?: ReactNode;
  children: (id: string, hintId: string | undefined) => ReactElement;
}

/** A labelled control: the label and the hint belong to it for screen readers too. */
export function Field({ label, hint, children }: Props) {
  const id = useId();
  const hintId = hint ? `${id}-hint` : undefined;
  return (
    <div className="field">
      <label className="label" htmlFor={id}>
        {label}
      </label>
      {children(id, hintId)}
      {hint && (
        <span className="hint" id={hintId}>
          {hint}
        </span>
      )}
    </div>
  );
}
