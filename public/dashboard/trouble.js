/** What kept an answer from coming: `kind` is secret, refused, broken or offline. */
export class Trouble extends Error {
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}
