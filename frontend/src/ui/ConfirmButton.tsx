import { useState } from "react";

interface Props {
  label: string;
  question: string;
  onConfirm: () => void;
}

/** Asks once more, in its own place, before what cannot be taken back. */
export function ConfirmButton({ label, question, onConfirm }: Props) {
  const [asking, setAsking] = useState(false);
  if (!asking) {
    return (
      <button type="button" className="button-quiet" aria-label={question.replace("?", "")} onClick={() => setAsking(true)}>
        {label}
      </button>
    );
  }
  const answer = (sure: boolean): void => {
    setAsking(false);
    if (sure) onConfirm();
  };
  return (
    <span style={{ whiteSpace: "nowrap" }}>
      <button type="button" className="button-danger" autoFocus onClick={() => answer(true)}>
        {question}
      </button>
      <button type="button" className="button-quiet" onClick={() => answer(false)}>
        No
      </button>
    </span>
  );
}
