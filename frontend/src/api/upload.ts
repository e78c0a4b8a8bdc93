/** One multipart upload with progress: XMLHttpRequest, since fetch cannot tell how far a body has been sent. */
import { API, csrfToken } from "./client";
import { noteReachable } from "./connection";
import { readError, Unreachable } from "./errors";
import type { Prediction } from "./types";

// Most files are read and scored within this; the others are looked up afterwards.
const WAIT_SECONDS = 10;

/** Send the form; `onProgress` hears the share sent, from 0 to 1. */
export async function uploadPrediction(slug: string, form: FormData, onProgress: (share: number) => void): Promise<Prediction> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${API}/competitions/${encodeURIComponent(slug)}/predictions`);
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.setRequestHeader("Prefer", `wait=${WAIT_SECONDS}`);
    request.upload.onprogress = (event) => onProgress(event.total ? event.loaded / event.total : 0);
    request.upload.onload = () => onProgress(1);
    request.onerror = () => {
      noteReachable(false);
      reject(new Unreachable());
    };
    request.onload = () => {
      if (request.status < 200 || request.status >= 300) reject(readError(request.status, request.responseText));
      else resolve(JSON.parse(request.responseText) as Prediction);
    };
    request.send(form);
  });
}
