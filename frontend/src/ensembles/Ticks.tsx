import type { ReactNode } from "react";
import styles from "./EnsembleCard.module.css";

interface Props {
  legend: string;
  options: string[];
  chosen: string[];
  onChange: (chosen: string[]) => void;
  /** What stands behind an option, such as that there is a warning about it. */
  mark?: (option: string) => ReactNode;
}

/** Several of a few. */
export function Ticks({ legend, options, chosen, onChange, mark }: Props) {
  return (
    <fieldset className={styles.methods}>
      <legend>{legend}</legend>
      {options.map((option) => (
        <label key={option}>
          <input
            type="checkbox"
            checked={chosen.includes(option)}
            onChange={(event) => onChange(event.target.checked ? [...chosen, option] : chosen.filter((it) => it !== option))}
          />
          {option} {mark?.(option)}
        </label>
      ))}
    </fieldset>
  );
}
