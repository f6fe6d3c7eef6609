/** “41 %”; what is neither none nor all is never called so. */
export function percent(share: number): string {
  const rounded = share > 0 && share < 1 ? Math.min(99, Math.max(1, Math.round(100 * share))) : 100 * share
  return `${rounded} %`
}
