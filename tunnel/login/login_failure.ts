/** Why a login has failed: the part of the error's text behind the host. */
export class LoginFailure extends Error {}
