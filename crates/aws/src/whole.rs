//! EC2's answers are XML, and the SDK reads as much of one as there is: a list that was cut off looks like a short list, a
//! group without rules, a page without a next one. Whoever cuts answers off (a proxy, say) must not close groups.

use aws_sdk_ec2::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_ec2::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ec2::error::BoxError;

/// Refuses a successful answer that does not end with the end of its document.
#[derive(Debug)]
pub(crate) struct WholeAnswer;

impl Intercept for WholeAnswer {
    fn name(&self) -> &'static str {
        "WholeAnswer"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        if !response.status().is_success() || response.body().bytes().is_some_and(is_whole) {
            Ok(())
        } else {
            Err("the answer is cut off: it does not end with the end of its document".into())
        }
    }
}

/// Whether the document's last tag closes its root, which EC2 names after the operation: `</DescribeSecurityGroupsResponse>`.
fn is_whole(document: &[u8]) -> bool {
    let document = document.trim_ascii_end();
    let last_tag = document.iter().rposition(|byte| *byte == b'<').map(|at| &document[at..]);
    last_tag.is_some_and(|tag| tag.starts_with(b"</") && tag.ends_with(b"Response>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_document_that_ends_is_whole() {
        let document = "<DescribeXResponse xmlns=\"x\"><a><item/></a></DescribeXResponse>\n";
        assert!(is_whole(document.as_bytes()));
        for end in 0..document.len() - 1 {
            assert!(!is_whole(&document.as_bytes()[..end]), "{}", &document[..end]);
        }
    }
}
