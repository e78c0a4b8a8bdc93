/** The server's keys as people say them; one that is not here is shown as it is. */
export const FINDINGS: Record<string, string> = {
  permuted_rows: "Rows in another order",
  in_sample: "Trained on what it predicts",
  duplicate: "Copies",
  shift: "Test rows look different",
  fold_out_of_line: "A fold out of line",
  other_folds: "Made on other folds",
  constant: "Constant column",
};

export const REASONS: Record<string, string> = {
  used: "in the blend",
  duplicate: "a copy",
  covered: "covered",
  helps_little: "helps a little",
  within_noise: "within noise",
  no_help: "no help",
};

export const MEASURES = {
  pearson: "Pearson of logits",
  spearman: "Spearman",
  disagreement: "Disagreement",
} as const;
