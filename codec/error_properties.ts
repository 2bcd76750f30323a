/** The properties of errors that the codec carries although they are not enumerable. */
export const ERROR_PROPERTIES: readonly string[] = [
  "message",
  "stack",
  "cause",
  "errors",
  "error",
  "suppressed",
  "name",
];
