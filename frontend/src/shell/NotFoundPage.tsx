import { Link } from "wouter";
import { EmptyState } from "../ui/Notice";
import { useTitle } from "./title";

export function NotFoundPage() {
  useTitle("No such page");
  return (
    <main className="page">
      <EmptyState title="There is no such page.">
        <Link href="/">All competitions</Link>
      </EmptyState>
    </main>
  );
}
