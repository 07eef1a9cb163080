import type { Dispatcher } from "undici";

/**
 * Asks `mayLeave` in the very turn in which a request's first byte would be written, however long connecting has
 * taken, and whether or not the process was stopped meanwhile: where it is false, nothing is written and the request
 * fails.
 */
export function gate(mayLeave: () => boolean): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch(options, {
      onRequestStart: (controller, context) => {
        if (mayLeave()) handler.onRequestStart?.(controller, context);
        else
          controller.abort(new Error("not sent: the group has not confirmed lately that the tenant is this process's"));
      },
      onRequestUpgrade: (...seen) => handler.onRequestUpgrade?.(...seen),
      onResponseStart: (...seen) => handler.onResponseStart?.(...seen),
      onResponseData: (...seen) => handler.onResponseData?.(...seen),
      onResponseEnd: (...seen) => handler.onResponseEnd?.(...seen),
      onResponseError: (...seen) => handler.onResponseError?.(...seen),
    });
}
