/** Which of several dropped files belong together, told by their names. */
const ENDING = /(\.(csv|parquet|npz|npy|gz|zst))+$/i;
const OOF = /(^|[-_. ])(oof|val|valid|validation|train|cv)(?=$|[-_. ])/i;
const TEST = /(^|[-_. ])(test|sub|submission)(?=$|[-_. ])/i;
const FOLD = /(^|[-_. ])fold[-_. ]?(\d+)(?=$|[-_. ])/i;
const EDGES = /^[-_. ]+|[-_. ]+$/g;

export interface Match {
  name: string;
  /** The fold's number as text; empty for a whole. */
  fold: string;
  oof: File | null;
  test: File | null;
}

interface Reading {
  name: string;
  fold: string;
  kind: "oof" | "test";
}

/** `lgbm-v2_oof_fold3.csv.gz` is the out-of-fold file of fold 3 of `lgbm-v2`; a name that says nothing is an out-of-fold file. */
export function readFileName(fileName: string): Reading {
  const stem = fileName.replace(ENDING, "");
  const kind = !OOF.test(stem) && TEST.test(stem) ? "test" : "oof";
  const fold = FOLD.exec(stem)?.[2];
  const name = stem.replace(kind === "oof" ? OOF : TEST, "").replace(FOLD, "").replace(EDGES, "");
  return { name, fold: fold === undefined ? "" : String(Number(fold)), kind };
}

/** One match a model and fold, in the order dropped. */
export function matchFiles(files: File[]): Match[] {
  const matches = new Map<string, Match>();
  for (const file of files) {
    const { name, fold, kind } = readFileName(file.name);
    const key = `${name}/${fold}`;
    const match = matches.get(key) ?? { name, fold, oof: null, test: null };
    match[kind] = file;
    matches.set(key, match);
  }
  return pairLoners([...matches.values()]);
}

/** `oof.csv` beside `lgbm_test.csv`: two files that share no name, one of each kind, are one model all the same. */
function pairLoners(matches: Match[]): Match[] {
  const [first, second] = matches;
  if (matches.length !== 2 || !first || !second || first.fold !== second.fold) return matches;
  const oof = first.oof ?? second.oof;
  const test = first.test ?? second.test;
  const pair = Boolean(oof && test) && !(first.oof && second.oof) && !(first.test && second.test);
  return pair ? [{ name: first.name || second.name, fold: first.fold, oof, test }] : matches;
}
