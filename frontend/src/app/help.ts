/** What each page is called and is for, in a few sentences, and the keys it has. */
import { t } from "../i18n/t";

export interface About {
  name: string;
  /** Sentences, a paragraph each. */
  says: string[];
  keys?: readonly (readonly [string, string])[];
}

const about = (name: string, ...says: string[]): About => ({ name, says });

export const ABOUT = {
  cohorts: about(
    t("Cohorts"),
    t("Every cohort you may see, and what waits for you in it."),
    t(
      "A cohort holds studies that are harvested together: open one by its name, or go straight to its review.",
    ),
  ),
  overview: about(
    t("Overview"),
    t("The loop of this cohort from left to right, each station with its count and its next step."),
    t(
      "Below: what needs a person now, what runs, how long readers took, and what each round gained. Figures of models stand with their 95 % interval.",
    ),
  ),
  import: about(
    t("Import"),
    t("Bring CT studies in: drop folders or archives, or pull studies from an archive of the hospital."),
    t(
      "What was refused is listed with its reason and what to do about it. Where it is not sure which series is which phase, you are asked.",
    ),
  ),
  studies: about(
    t("Studies"),
    t(
      "Every study with its phases, its pathology and its lesions. Open one to see its images or to draw in it.",
    ),
    t("Phases are brought onto the portal venous one first; until then a study waits for registration."),
  ),
  labels: about(
    t("Labels"),
    t(
      "Give studies their pathology from a table, a row a procedure. You see what each row comes to before anything is changed.",
    ),
    t("What was applied can be taken back."),
  ),
  rounds: about(
    t("Rounds"),
    t("In a round a model proposes where lesions are, and readers judge each proposal with one key."),
    t(
      "Choose which studies come first, how many people read each, and how many studies measure the readers themselves.",
    ),
  ),
  training: about(
    t("Training"),
    t("Train new model versions on what was curated, now or by a schedule."),
    t("A new version is judged on the gold set and used only once somebody promotes it."),
  ),
  releases: about(
    t("Releases"),
    t(
      "Freeze what is curated at one moment, compare two such moments, and download them for other programs.",
    ),
  ),
  agreement: about(t("Agreement"), t("How far readers of the same studies agree, with 95 % intervals.")),
  bias: about(
    t("Automation bias"),
    t(
      "How readers judge hidden gold studies, whose answer is known, when the candidates shown to them are wrong.",
    ),
  ),
  labour: about(
    t("Labour"),
    t("How long reading takes with candidates and from scratch, and so what they save."),
  ),
  report: about(
    t("Report"),
    t("What a round bought: detectors with and without what its readers said, alike in all else."),
  ),
  members: about(
    t("Members"),
    t(
      "Who sees this cohort. Until it is closed, everyone does whose role lets them; then its members alone.",
    ),
  ),
  audit: about(
    t("Audit trail"),
    t("Who did what, when and from where. Nothing in it can be changed or taken out, not even by an admin."),
  ),
  tokens: about(
    t("Tokens"),
    t("With a token a script does what you may do, or only reads, until a day that you choose."),
  ),
  arms: about(
    t("Order of review"),
    t("What the order in which studies came brought, beside studies that were drawn at random."),
  ),
  review: about(
    t("Review"),
    t(
      "A row is a candidate, a column a phase. Judge each row with one key; Space goes on to the next study.",
    ),
    t(
      "Every verdict is kept in this browser until the server has stored it; nothing is lost when the network fails.",
    ),
  ),
  adjudicate: {
    ...about(
      t("Adjudicate"),
      t("Two readers differ in what is shown here. Nobody's name is told. Look at the images and decide."),
    ),
    keys: [
      ["← →", t("as A or as B")],
      ["J K", t("next and previous")],
      ["↑ ↓", t("slices")],
      ["Space", t("Decided, next")],
    ],
  },
  draw: about(
    t("Images and lesions"),
    t(
      "All phases of a study side by side, in three planes. Draw a lesion as a box over some slices, or correct one.",
    ),
    t("What you draw is stored as you draw it and can be undone."),
  ),
  run: about(
    t("Training"),
    t(
      "One training: why it started, how far it is, its losses and its log. It can be cancelled while it runs.",
    ),
  ),
  models: about(
    t("Models"),
    t(
      "Every version of every model with the figures it was judged by. Promote one to use it; promote an earlier one to go back.",
    ),
  ),
  compare: about(
    t("Compare two versions"),
    t(
      "Two versions by the same measures on the same gold studies. Where the interval of a difference holds zero, it may be chance.",
    ),
  ),
  model: about(
    t("Model version"),
    t("What a version was trained on and how, and its figures on the gold set with their intervals."),
  ),
  network: about(
    t("Network"),
    t(
      "Archives that studies are pulled from, and systems that may send studies here. Only admins change them.",
    ),
  ),
} satisfies Record<string, About>;
