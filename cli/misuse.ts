/** What is wrong with the command line, and what to do about it. */
export class Misuse extends Error {
  /** The name of the class. */
  override name = "Misuse";
}
