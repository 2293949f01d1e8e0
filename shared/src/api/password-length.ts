/** In characters, not bytes. Length is what makes a password hard to guess; there are no other rules. */
export const PASSWORD_MIN = 12
export const PASSWORD_MAX = 256
