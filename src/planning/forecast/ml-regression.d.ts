/** The package ships no types. Only what is used here. */
declare module 'ml-regression' {
  export class SimpleLinearRegression {
    constructor(x: ArrayLike<number>, y: ArrayLike<number>);
    predict(x: number): number;
  }
}
