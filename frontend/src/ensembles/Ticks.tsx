import styles from "./EnsembleCard.module.css";

interface Props {
  legend: string;
  options: string[];
  chosen: string[];
  onChange: (chosen: string[]) => void;
}

/** Several of a few. */
export function Ticks({ legend, options, chosen, onChange }: Props) {
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
          {option}
        </label>
      ))}
    </fieldset>
  );
}
