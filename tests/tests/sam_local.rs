//! `sam build` and `sam local invoke`, with every file of `events/`.

use defsg_e2e::events::SAMPLES;
use defsg_e2e::fake::{Data, Fake, Group};
use defsg_e2e::sam;
use serde_json::json;

#[test]
fn every_sample_runs_through_sam_build_and_sam_local_invoke() {
    if let Some(reason) = sam::docker_missing() {
        eprintln!("sam local invoke is not tested: {reason}.");
        return;
    }
    let group = "sg-0f1e2d3c4b5a69788";
    let history = vec![Group::stock(group).history_item(1_795_162_527.412)];
    for sample in SAMPLES {
        let data = Data { groups: Group::many(5), history: history.clone(), ..Data::default() };
        let aws = Fake::start_for_containers(data);
        let (answer, output) = sam::invoke(sample, &aws);
        let counts = match sample {
            "open-stock" | "open-customised" | "oversized" => (0, 1, 0),
            "closed" => (1, 0, 0),
            "not-default" | "deleted" | "left-scope" | "exempt-by-tag" => (0, 0, 1),
            "scheduled" => (2, 3, 0),
            _ => (0, 0, 0),
        };
        let (compliant, non_compliant, not_applicable) = counts;
        let put = compliant + non_compliant + not_applicable;
        assert_eq!(aws.evaluations().len(), put, "{sample}: {output}");
        if sample == "malformed" {
            assert_eq!(answer["errorType"], "UnreadableItem", "{output}");
        } else {
            let summary = json!({
                "COMPLIANT": compliant, "NON_COMPLIANT": non_compliant, "NOT_APPLICABLE": not_applicable,
            });
            assert_eq!(answer, summary, "{sample}: {output}");
        }
    }
}
