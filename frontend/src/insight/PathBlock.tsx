import { Link } from "wouter";
import { usePathFigure } from "../api/insight";
import type { Contributions, Insight, InsightModel } from "../api/types";
import { usePredictionLink } from "../prediction/link";
import { Drawn } from "../ui/Drawn";
import { formatMetric, plural } from "../ui/format";
import { Block } from "./Block";
import styles from "./Insight.module.css";

interface Props {
  slug: string;
  insight: Insight;
  contributions: Contributions;
  made: string;
}

/** How the blend comes to be. */
export function PathBlock({ slug, insight, contributions, made }: Props) {
  const figure = usePathFigure(slug, made);
  const link = usePredictionLink();
  const picks = contributions.path.picks.slice(0, contributions.steps);
  return (
    <Block
      title="Greedy path"
      says={
        <>
          The blend on all rows, pick by pick: each time the model that lowers {formatMetric(contributions.searched_by)} most, again and again if
          need be; a model's share of the first {plural(picks.length, "pick")}, where the loss is least, is its weight.
        </>
      }
    >
      {new Set(contributions.path.picks).size > 1 && <Drawn query={figure} what="the path" label="Loss after each pick" />}
      <ol className={styles.path}>
        {countPicks(picks, insight.models).map(({ model, first, count }) => (
          <li key={model.id}>
            <Link href={link(model.id)}>{model.name}</Link>{" "}
            <span className="muted">
              picked {count === 1 ? "once" : `${count} times`}, first at {first}
            </span>
          </li>
        ))}
      </ol>
    </Block>
  );
}

/** Models in the order in which they came in. */
function countPicks(picks: number[], models: InsightModel[]): { model: InsightModel; first: number; count: number }[] {
  return [...new Set(picks)].flatMap((id) => {
    const model = models.find((it) => it.id === id);
    return model ? [{ model, first: picks.indexOf(id) + 1, count: picks.filter((pick) => pick === id).length }] : [];
  });
}
