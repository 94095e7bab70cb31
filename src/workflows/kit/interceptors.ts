import type { WorkflowInterceptors } from '@temporalio/workflow';
import { currentStep } from './runbook';

/** Every activity and child carries the sentence of the step that called it. At most 200 bytes fit a summary. */
export const interceptors = (): WorkflowInterceptors => ({
  outbound: [
    {
      async scheduleActivity(input, next) {
        const summary = (input.options.summary ?? currentStep.getStore())?.slice(0, 190);
        return next({ ...input, options: { ...input.options, ...(summary !== undefined && { summary }) } });
      },
      async startTimer(input, next) {
        const summary = input.options?.summary ?? currentStep.getStore()?.slice(0, 190);
        return next({ ...input, ...(summary !== undefined && { options: { ...input.options, summary } }) });
      },
    },
  ],
});
