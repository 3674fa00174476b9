/** True only when the two types are the same, `any` and `readonly` included. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Fails to compile when its argument is not `true`. */
export const same = <_ extends true>(): void => {}
