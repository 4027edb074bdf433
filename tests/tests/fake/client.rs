//! A client that speaks AWS's protocols. Where a call fails it gives the error's code, or why there was no
//! answer.

use defsg_e2e::fake::Fake;
use defsg_e2e::rie::OWN_ACCESS_KEY;
use defsg_e2e::signed;
use serde_json::Value;
use ureq::http::Request;
use ureq::http::request::Builder;

/// Sends a request of a JSON service, e.g. `AWSGlue.GetConnections`.
pub(crate) fn json(aws: &Fake, service: &str, target: &str, body: &Value) -> Result<Value, String> {
    let (_, answer) =
        send(service, Request::post(aws.url()).header("X-Amz-Target", target), body.to_string())?;
    let answer: Value = serde_json::from_str(&answer).map_err(|_| answer)?;
    answer["__type"].as_str().map_or(Ok(answer.clone()), |code| Err(code.to_owned()))
}

/// Sends a request of AWS Config's.
pub(crate) fn config(aws: &Fake, operation: &str, body: &Value) -> Result<Value, String> {
    json(aws, "config", &format!("StarlingDoveService.{operation}"), body)
}

/// Sends a request of EC2's and gives its XML.
pub(crate) fn ec2(aws: &Fake, parameters: &[(&str, &str)]) -> Result<String, String> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("Version", "2016-11-15").extend_pairs(parameters);
    let request =
        Request::post(aws.url()).header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
    let (status, answer) = send("ec2", request, form.finish())?;
    if status == 200 { Ok(answer) } else { Err(code_in(&answer)) }
}

/// Gets a path of VPC Lattice.
pub(crate) fn lattice(aws: &Fake, path: &str) -> Result<Value, String> {
    let request = Request::get(format!("{}{path}", aws.url()));
    let (status, answer) = send("vpc-lattice", request, String::new())?;
    if status == 200 { Ok(serde_json::from_str(&answer).unwrap()) } else { Err(format!("{status} {answer}")) }
}

/// Sends a request that is signed for the service, and gives the status and the answer.
pub(crate) fn send(service: &str, request: Builder, body: String) -> Result<(u16, String), String> {
    let request = request.header("Authorization", signed::by(OWN_ACCESS_KEY, service)).body(body).unwrap();
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut answer = agent.run(request).map_err(|error| error.to_string())?;
    let text = answer.body_mut().read_to_string().map_err(|error| error.to_string())?;
    Ok((answer.status().as_u16(), text))
}

/// The code in an error of XML.
fn code_in(answer: &str) -> String {
    let code = answer.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    code.map_or(answer, |(code, _)| code).to_owned()
}
