/**
 * A story plays on a whole stack of processes in real time, and a busy machine may hold one of them up for a second: it is
 * played once more, and why it failed first is on screen. One that fails twice has failed.
 */
jest.retryTimes(1, { logErrorsBeforeRetry: true });
