/** Rows of the table a command printed, without its head; cells without their padding. */
export function rowsOf(stdout: string): string[][] {
  const [, ...rows] = stdout.split("\n").filter((line) => line.startsWith("│"));
  return rows.map((line) =>
    line
      .split("│")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}
