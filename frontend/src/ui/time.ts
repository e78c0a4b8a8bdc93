import { useEffect, useState } from "react";

const TICK_MILLISECONDS = 20_000;

/** The time now, told again every 20 s, so that ages and deadlines move on. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MILLISECONDS);
    return () => clearInterval(timer);
  }, []);
  return now;
}
