/** A readonly type without its `readonly`, for the code that builds the value. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };
